import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SiteConfig } from '../frontend/siteConfig.ts';
import { type Guarded, type GuardedOptions, runGuarded } from './guarded.ts';

/** Where a site's pages come from. */
export type PagesChoice =
  | { kind: 'command'; command: readonly string[]; target: string | undefined }
  | { kind: 'target'; target: string }
  | { kind: 'folder'; folder: string };

export interface PagesOptions {
  command?: readonly string[] | undefined;
  target?: string | undefined;
  publish?: string | undefined;
}

/**
 * Chooses what serves the pages: what is asked for; else the command of `[dev]` in `netlify.toml`; else the project's own
 * `npm run dev`; else its published folder.
 */
export function choosePages(
  root: string,
  { publish, dev }: Pick<SiteConfig, 'publish' | 'dev'>,
  { command, target, publish: folder }: PagesOptions,
): PagesChoice {
  if (command !== undefined && command.length > 0) return { kind: 'command', command, target };
  if (target !== undefined) return { kind: 'target', target };
  if (folder !== undefined) return { kind: 'folder', folder };
  // One that starts this very server would do so without end.
  const isOurs = (text: string) => /\b(daypass|netlify)(\s+|:)dev\b/.test(text);
  if (dev.command !== undefined && !isOurs(dev.command)) {
    const own = dev.targetPort === undefined ? undefined : `http://localhost:${dev.targetPort}`;
    return { kind: 'command', command: ['sh', '-c', dev.command], target: own };
  }
  const script = devScript(root);
  if (script !== undefined && !isOurs(script)) {
    return { kind: 'command', command: [packageManager(root), 'run', 'dev'], target: undefined };
  }
  return { kind: 'folder', folder: publish };
}

function devScript(root: string): string | undefined {
  try {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return typeof scripts?.dev === 'string' ? scripts.dev : undefined;
  } catch {
    return undefined;
  }
}

/** By the lock file, which in a monorepo is further up. */
function packageManager(folder: string): string {
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'bun.lock': 'bun', 'bun.lockb': 'bun' };
  for (const [file, name] of Object.entries(locks)) if (existsSync(join(folder, file))) return name;
  const parent = dirname(folder);
  return existsSync(join(folder, 'package-lock.json')) || parent === folder ? 'npm' : packageManager(parent);
}

/** A dev server that a command has started. */
export interface StartedPages extends Guarded {
  /**
   * The origin at which it answers.
   * @throws {Error} the command ended before
   */
  readonly target: Promise<string>;
}

/** How dev servers write where they listen; the last is of those that name a port alone. */
const addresses = [
  /\bhttp:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+/,
  /\blisten\w*\b.*?\b(?:port|on|at)\b\D{0,3}(\d{2,5})\b/i,
];

/** Starts a dev command, and finds where it listens unless that is given. */
export async function startPages(
  { command, target }: { command: readonly string[]; target: string | undefined },
  { env, ...options }: GuardedOptions,
): Promise<StartedPages> {
  // These are ours: a dev server that reads them, too, would want our port.
  const { PORT: _port, HOST: _host, ...others } = env;
  const running = await runGuarded(command, { ...options, env: others });
  let hasEnded = false;
  const failed = running.ended.then((code) => {
    hasEnded = true;
    throw new Error(
      `${command.join(' ')} ended with ${code} before it served anything; what it said is above.`,
    );
  });
  const found = target ?? Promise.race(addresses.map((pattern) => running.printed(pattern)));
  const origin = Promise.resolve(found).then(async (text) => {
    const url = new URL(/^\d+$/.test(text) ? `http://localhost:${text}` : text);
    if (/^(0\.0\.0\.0|\[::\])$/.test(url.hostname)) url.hostname = 'localhost';
    while (!hasEnded && !(await accepts(url))) await delay(50);
    return url.origin;
  });
  const ready = Promise.race([origin, failed]);
  // Who waits for it hears of it.
  ready.catch(() => undefined);
  return { ...running, target: ready };
}

/** Whether something takes connections there. */
export function accepts({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

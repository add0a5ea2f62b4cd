import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startDjango } from '../../examples/django/launcher/start.ts';
import { root } from '../../scripts/bundle.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith, type OptionalPart } from '../support/optional.ts';
import { type FreshFiles, type FreshProject, makeFreshProject } from './support/freshProject.ts';
import { astro, html, nextExport, viteReact } from './support/projects.ts';

// What a stranger does: a project of their own, the two packages as npm packs them, `init`, `dev`, and a Django view behind the
// gate. No file is edited by hand.

const secret = 'wq1pKlJ4mV8s0tYbEoZcRx7uNhGd2aLf';

interface Kind {
  name: string;
  project: FreshFiles;
  part?: OptionalPart;
}

const kinds: readonly Kind[] = [
  { name: 'plain HTML', project: html },
  { name: 'Vite with React', project: viteReact },
  { name: 'Next.js, static export', project: nextExport, part: 'next' },
  { name: 'Astro', project: astro, part: 'astro' },
];

describeWith('python 3.10')('a fresh project', () => {
  describeWith('chromium')('in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser?.close());

    for (const { name, project, part } of kinds) {
      const describe = part === undefined ? (_title: string, body: () => void) => body() : describeWith(part);
      describe(name, () => {
        test(`${name}: init, dev, and the page calls a protected Django view`, async () => {
          const port = await findFreePort();
          const django = await startDjango(
            { secret, issuer: `http://localhost:${port}` },
            { print: () => undefined, log: () => undefined },
          );
          onTestFinished(() => django.close());
          const fresh = await makeFreshProject(project, ['daypass', 'daypass-dev']);
          onTestFinished(() => fresh.remove());

          const said = await fresh.daypass('init', '--yes', '--upstream', django.url);
          expect(said).toContain(`${name} in this folder\n`);
          expect(await fresh.daypass('init', '--yes', '--upstream', django.url)).toContain('Nothing to do');

          const url = await startDev(fresh, port, django.url);
          const view = '/api/public/entries';
          expect((await fetch(django.url + view)).status).toBe(401);
          expect((await fetch(url + view)).status).toBe(401);

          const context = await browser.newContext();
          onTestFinished(() => context.close());
          const page = await context.newPage();
          const calls: string[] = [];
          page.on('response', (response) => {
            const { pathname } = new URL(response.url());
            if (pathname.startsWith('/api/')) calls.push(`${response.status()} ${pathname}`);
          });
          await page.goto(url);
          await expect.poll(() => page.locator('#entries').textContent()).toBe('200 0');
          // In React's strict mode an effect runs twice.
          expect([...new Set(calls)]).toEqual([`200 ${view}`]);

          // The secrets that it made are in a file of the project, which a dev server must not hand out.
          const kept = join(fresh.folder, '.netlify/daypass-dev');
          for (const name of await readdir(kept)) {
            const secrets = (await readFile(join(kept, name), 'utf8')).match(/[\w-]{43}/g) ?? [];
            for (const path of [`/.netlify/daypass-dev/${name}`, `/@fs${join(kept, name)}?raw`]) {
              const answer = await (await fetch(url + path)).text();
              expect(secrets.filter((each) => answer.includes(each))).toEqual([]);
            }
          }
        });
      });
    }
  });
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @returns the site's address, once everything answers */
async function startDev({ bin, folder }: FreshProject, port: number, upstream: string): Promise<string> {
  // What Vitest sets for its tests would have theirs in test mode.
  const { NODE_ENV: _, VITEST: __, ...inherited } = process.env;
  const guard = pathToFileURL(join(root, 'test/support/closedNetwork.ts')).href;
  const child = spawn(bin, ['dev', '--json', '--port', `${port}`, '--upstream', upstream], {
    cwd: folder,
    env: {
      ...inherited,
      DAYPASS_SECRET: secret,
      NODE_OPTIONS: `--import=${guard}`,
      NEXT_TELEMETRY_DISABLED: '1',
      ASTRO_TELEMETRY_DISABLED: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => stop(child));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    said += `${line}\n`;
    // An error is told in several lines.
    if (!line.startsWith('{"')) continue;
    const event = JSON.parse(line) as { kind: string; url?: string };
    if (event.kind !== 'ready') continue;
    // What comes later must not fill the pipe.
    child.stdout.resume();
    return event.url ?? '';
  }
  throw new Error(`daypass dev ended:\n${said}`);
}

/** As Ctrl-C does. It ends its own dev command, and leaves nothing behind. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const [code] = await ended;
  expect(code).toBe(0);
}

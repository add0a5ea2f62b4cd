import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { assertOptions, assertPort, OptionsError } from '../assertOptions.ts';
import type { DevIdentityOptions } from '../identity/options.ts';
import type { PartsOptions, StartUpstream } from './parts.ts';
import { type DevServer, openSite, type SiteExtras, serveSite } from './serveSite.ts';
import { emptyPolicy, readSettings, type SitePolicy } from './settings.ts';

export interface DevServerOptions extends SiteExtras {
  /** The folder of the site, with `netlify/` and, if it has one, `daypass.config.ts`. */
  root: string;
  /** 0, the default, takes any free one. */
  port?: number;
  /** Where to listen: an address of this machine. Default: 127.0.0.1. */
  host?: string;
  /** The origin that visitors see, where a tunnel leads here. Default: `http://localhost` and the port. */
  publicUrl?: string | undefined;
  /** The backend behind the gate: its URL, or what starts it. Default: none. */
  upstream?: string | StartUpstream | undefined;
  /**
   * Variables of the site, secrets for instance. Secrets that the policy names and that are not among them are random, new at
   * each start. `IDENTITY_URL` with `IDENTITY_OPERATOR_TOKEN`, `UPSTASH_REDIS_REST_URL` with `UPSTASH_REDIS_REST_TOKEN`, or
   * `REDIS_URL` name others in place of the stand-ins.
   */
  variables?: Readonly<Record<string, string | undefined>>;
  /** A file that keeps the secrets that were made, so that a backend's settings hold at the next start too. Default: none. */
  secretsFile?: string | undefined;
  /** Options of the stand-in of Identity; see `startDevIdentity`. */
  identity?: DevIdentityOptions;
  /** Which Redis stands in; see `startDevRedis`. */
  redisBackend?: 'auto' | 'redis-server' | 'memory';
}

const optionNames = Object.keys({
  root: true,
  port: true,
  host: true,
  publicUrl: true,
  upstream: true,
  variables: true,
  secretsFile: true,
  identity: true,
  redisBackend: true,
  config: true,
  publish: true,
  target: true,
  output: true,
  onRequest: true,
  onReload: true,
  exposeErrors: true,
} satisfies Record<keyof DevServerOptions, true>);

/**
 * Serves a site with everything around it: its functions and edge functions in a thread of this process, called as Netlify
 * calls them and remembering what they remember there, stand-ins of Identity and Redis, and behind them the published folder
 * or a dev server, with the redirects and header fields of `netlify.toml`, `_redirects` and `_headers`.
 *
 * Not served: redirects by country, language, role or cookie; functions in other languages or of the kind that exports
 * `handler`; and modules that only Deno can import (`https:`, `npm:`).
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 * @throws {Error} the port is in use; the policy or a function cannot be loaded; a stand-in cannot be started
 * @example
 * ```ts
 * import { startDevServer } from 'daypass-dev';
 *
 * const site = await startDevServer({ root: '.', upstream: 'http://127.0.0.1:9000' });
 * const answer = await fetch(`${site.url}/api/hello`); // 401: no pass yet
 * await site.close();
 * ```
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { upstream, variables = {}, secretsFile, port = 0, host, publicUrl } = checkOptions(options);
  const root = realpathSync(resolve(options.root));
  const opened = await openSite(root, options);
  try {
    const policy = (opened.policy ?? emptyPolicy) as SitePolicy;
    const texts = { PORT: String(port), HOST: host, PUBLIC_URL: publicUrl };
    const made = secretsFile === undefined ? {} : readSecretsFile(secretsFile);
    const settingsFor = (changed: SitePolicy) => {
      const given = typeof upstream === 'string' ? upstreamsOf(changed, upstream) : {};
      const settings = readSettings({ ...given, ...variables, ...texts }, changed, made);
      if (secretsFile !== undefined) writeSecretsFile(secretsFile, made);
      return settings;
    };
    const startUpstream = typeof upstream === 'function' ? upstream : undefined;
    const { identity = {}, redisBackend } = options;
    const parts: PartsOptions = { identity, startUpstream, ...(redisBackend && { redisBackend }) };
    const settings = settingsFor(policy);
    return await serveSite(root, settings, policy, { ...options, ...parts, settingsFor }, opened);
  } catch (error) {
    await opened.end();
    throw error;
  }
}

function checkOptions(options: DevServerOptions): DevServerOptions {
  assertOptions('startDevServer', options, optionNames);
  const { root, port = 0, upstream, target } = options;
  assertPort('startDevServer', port);
  const problems: string[] = [];
  if (typeof root !== 'string' || !existsSync(root)) problems.push('root must be the folder of a site');
  if (upstream !== undefined && typeof upstream !== 'function' && !isHttpUrl(upstream)) {
    problems.push('upstream must be an http(s) URL, or a function that starts one');
  }
  if (typeof target === 'string' && !(isHttpUrl(target) && target.startsWith('http:'))) {
    problems.push('target must be the http URL of a dev server');
  }
  if (problems.length === 0) return options;
  throw new OptionsError(problems.map((problem) => `startDevServer: ${problem}.`));
}

export function isHttpUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value);
}

const upstreamsOf = (policy: SitePolicy, url: string) =>
  Object.fromEntries(policy.routes.map((route) => [route.upstream, url]));

/** The secrets that were generated before; empty if the file is missing or not JSON. */
function readSecretsFile(file: string): Record<string, string> {
  try {
    const kept: Record<string, unknown> = JSON.parse(readFileSync(file, 'utf8'));
    return Object.fromEntries(
      Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

/** For this user alone, and in a folder that Git passes over. */
function writeSecretsFile(file: string, made: Readonly<Record<string, string>>): void {
  const folder = dirname(file);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/.gitignore`, '*\n');
  }
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
}

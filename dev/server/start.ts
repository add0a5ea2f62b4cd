import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { verifyEvent } from '../identity/events.ts';
import type { DevIdentityOptions, EventName } from '../identity/options.ts';
import type { Handler } from '../listen.ts';
import { assertOptions, assertPort, OptionsError } from '../options.ts';
import { type Host, type Output, openHost, type RunningHost } from './host.ts';
import {
  type DevParts,
  identityPath,
  type PartsOptions,
  type SiteUrls,
  type StartUpstream,
} from './parts.ts';
import { type DevSettings, emptyPolicy, readSettings, type SitePolicy } from './settings.ts';
import { type RunningSite, startSite } from './site.ts';
import { createStaticFiles } from './staticFiles.ts';

/** What more the server of a site may do; of use to tests, and to a demo around the site. */
export interface SiteExtras {
  /** A file in place of the site's `daypass.config.ts`. */
  config?: string | undefined;
  /** The folder of the site's files. Default: `publish` in its `netlify.toml`, else the root. */
  publish?: string | undefined;
  /** Takes what the site's functions write on their console, line by line. Default: the console of this process. */
  output?: Output | undefined;
}

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
  /** Options of the stand-in of Identity; see `startDevIdentity`. */
  identity?: DevIdentityOptions;
  /** Which Redis stands in; see `startDevRedis`. */
  redisBackend?: 'auto' | 'redis-server' | 'memory';
}

/** A running site with all its parts. */
export interface DevServer extends RunningSite {
  /** Ends the functions at once, as a platform's crash would: connections that wait for one break. New ones begin. */
  crash(): Promise<void>;
  /**
   * Restarts the functions, as a deploy does.
   * @param config a module in place of `daypass.config.ts` from now on: a path, or a URL
   */
  reload(config?: string): Promise<void>;
}

const optionNames = Object.keys({
  root: true,
  port: true,
  host: true,
  publicUrl: true,
  upstream: true,
  variables: true,
  identity: true,
  redisBackend: true,
  config: true,
  publish: true,
  output: true,
} satisfies Record<keyof DevServerOptions, true>);

/**
 * Serves a site with everything around it: its functions and edge functions in a thread of this process, called as Netlify
 * calls them and remembering what they remember there, and stand-ins of Identity and Redis.
 *
 * Not served: redirects and headers of `netlify.toml`, functions in other languages or of the kind that exports `handler`, and
 * modules that only Deno can import (`https:`, `npm:`).
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
  const { upstream, variables = {}, port = 0, host, publicUrl } = checkOptions(options);
  const root = realpathSync(resolve(options.root));
  const opened = await openSite(root, options);
  try {
    const policy = (opened.policy ?? emptyPolicy) as SitePolicy;
    const texts = { PORT: String(port), HOST: host, PUBLIC_URL: publicUrl };
    const given = typeof upstream === 'string' ? upstreamsOf(policy, upstream) : {};
    const settings = readSettings({ ...given, ...variables, ...texts }, policy);
    const startUpstream = typeof upstream === 'function' ? upstream : undefined;
    const { identity = {}, redisBackend } = options;
    const parts: PartsOptions = { identity, startUpstream, ...(redisBackend && { redisBackend }) };
    return await serveSite(root, settings, policy, { ...options, ...parts }, opened);
  } catch (error) {
    await opened.end();
    throw error;
  }
}

function checkOptions(options: DevServerOptions): DevServerOptions {
  assertOptions('startDevServer', options, optionNames);
  const { root, port = 0, upstream } = options;
  assertPort('startDevServer', port);
  const problems: string[] = [];
  if (typeof root !== 'string' || !existsSync(root)) problems.push('root must be the folder of a site');
  const isUrl = typeof upstream === 'string' && URL.canParse(upstream) && /^https?:/.test(upstream);
  if (upstream !== undefined && typeof upstream !== 'function' && !isUrl) {
    problems.push('upstream must be an http(s) URL, or a function that starts one');
  }
  if (problems.length === 0) return options;
  throw new OptionsError(problems.map((problem) => `startDevServer: ${problem}.`));
}

const upstreamsOf = (policy: SitePolicy, url: string) =>
  Object.fromEntries(policy.routes.map((route) => [route.upstream, url]));

/** Shows what functions write on the console of this process. */
export const toConsole: Output = (line, stream) => {
  process[stream].write(`${line}\n`);
};

function openSite(root: string, { config, output = toConsole }: SiteExtras): Promise<Host> {
  return openHost({ root, output, config: config === undefined ? undefined : toUrl(config) });
}

const toUrl = (module: string) =>
  /^(data|file):/.test(module) ? module : pathToFileURL(resolve(module)).href;

/** What is answered in addition to the site's functions and files: `undefined` leaves it to the files. */
export type OwnRoutes = (
  request: Request,
  clientAddress: string | undefined,
) => Response | Promise<Response> | undefined;

/** How functions restart: after an end at once, next to those that finish their answers, or only where they have ended. */
type Restart = 'at-once' | 'when-idle' | 'if-gone';

export interface ServeOptions extends PartsOptions, SiteExtras {
  /** Variables of the site beside those that the settings hold. */
  variables?: DevServerOptions['variables'];
  /** Built once everything else is there. */
  ownRoutes?: (parts: DevParts, urls: SiteUrls, server: Pick<DevServer, 'crash' | 'reload'>) => OwnRoutes;
  /** Stands between the site and its Identity, to watch or to fail a request. */
  atIdentity?: (request: Request, serve: (request: Request) => Promise<Response>) => Promise<Response>;
  /** Told of each event that Identity sends. */
  onEvent?: (name: string) => void;
}

/**
 * As `startDevServer`, of settings that were read already.
 * @param opened a thread that has loaded the site's policy
 */
export async function serveSite(
  root: string,
  settings: DevSettings,
  policy: SitePolicy,
  options: ServeOptions,
  opened?: Host,
): Promise<DevServer> {
  const { variables = {}, ownRoutes, onEvent, atIdentity = (request, serve) => serve(request) } = options;
  const files = await createStaticFiles(options.publish ?? (await publishFolder(root)));
  let config = options.config;
  let restart: (how: Restart) => Promise<void> = async () => undefined;
  const controls: Pick<DevServer, 'crash' | 'reload'> = {
    crash: () => restart('at-once'),
    async reload(changed) {
      const before = config;
      config = changed ?? config;
      try {
        await restart('when-idle');
      } catch (error) {
        // The functions that run are those of before.
        config = before;
        throw error;
      }
    },
  };
  const site = await startSite(settings, policy, options, async (parts, urls) => {
    const serveIdentity = (request: Request) => atIdentity(request, parts.serveIdentity);
    let routes: OwnRoutes = () => undefined;
    const behind: Handler = async (request, address) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith(`${identityPath}/`)) return serveIdentity(request);
      return (await routes(request, address)) ?? files.fetch(request);
    };
    /** More than one while a thread that was replaced finishes its answers. */
    const living = new Set<RunningHost>();
    const begin = async (host: Host) => {
      const running = await host.begin(
        {
          environment: {
            ...inherited(),
            ...present(variables),
            SITE_ID: 'daypass-dev',
            SITE_NAME: 'daypass',
            ...parts.environment,
          },
          site: { id: 'daypass-dev', name: 'daypass', url: urls.publicUrl },
          identityContext: { url: urls.url + identityPath, token: parts.operatorToken },
        },
        behind,
      );
      // Functions that end by themselves restart with the next request, as the platform's instances do.
      living.add(running);
      running.ended.then(() => {
        living.delete(running);
        if (current === running) current = undefined;
      });
      return running;
    };
    let current: RunningHost | undefined = await begin(opened ?? (await openSite(root, options)));
    let beginning: Promise<unknown> = Promise.resolve();
    let isClosed = false;
    const { events } = current;

    restart = (how) => {
      const renew = async () => {
        if (isClosed || (how === 'if-gone' && current)) return undefined;
        const old = current;
        // While it is replaced a thread goes on answering; one that has crashed leaves its callers waiting.
        if (how === 'at-once') {
          current = undefined;
          await Promise.all([...living].map((host) => host.end()));
        }
        const next = await begin(await openSite(root, { ...options, config }));
        if (isClosed) return next.end();
        current = next;
        if (how === 'when-idle') void old?.end('when-idle');
        return undefined;
      };
      const done = beginning.then(renew);
      beginning = done.catch(() => undefined);
      return done as Promise<void>;
    };

    const running = async (): Promise<RunningHost> => {
      if (!current) await restart('if-gone');
      if (!current) throw new Error('The functions of the site could not be restarted.');
      return current;
    };
    const [eventFunction] = Object.entries(events).find(([, names]) => names.length > 0) ?? [];
    const dispatch = async (request: Request, name: string) => {
      onEvent?.(request.headers.get('x-netlify-event') ?? '');
      return (await running()).dispatchEvent(name, request);
    };
    routes = ownRoutes?.(parts, urls, controls) ?? routes;
    return {
      events: eventFunction
        ? {
            names: events[eventFunction] as EventName[],
            target: (request) => dispatch(request, eventFunction),
          }
        : undefined,
      async fetch(request, address) {
        const host = await running();
        if (host.takes(request)) return host.handle(request, address);
        const name = /^\/\.netlify\/functions\/([\w-]+)$/.exec(new URL(request.url).pathname)?.[1];
        if (name === undefined || !events[name]?.length) return behind(request, address);
        // A GoTrue of one's own, set up to call the function as Netlify's Identity does.
        const signed = await verifyEvent(request, settings.identity?.webhookSecret);
        return signed ? dispatch(signed, name) : new Response(null, { status: 401 });
      },
      async close() {
        isClosed = true;
        await beginning;
        current = undefined;
        await Promise.all([...living].map((host) => host.end()));
      },
    };
  });
  return { ...site, ...controls };
}

/** What of this process's environment is for the site: all but what the site's own settings decide. */
function inherited(): Record<string, string> {
  const ours = /^(DAYPASS_|IDENTITY_|UPSTASH_|TURNSTILE_|NETLIFY|NODE_OPTIONS$|URL$)/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || ours.test(name) ? [] : [[name, value]],
    ),
  );
}

/** `publish` under `[build]` of `netlify.toml`. */
async function publishFolder(root: string): Promise<string> {
  const text = await readFile(join(root, 'netlify.toml'), 'utf8').catch(() => '');
  const publish = /^\[build\][^[]*?^\s*publish\s*=\s*["']([^"']+)["']/ms.exec(text)?.[1];
  return join(root, publish ?? '.');
}

/** Those that are set. */
function present(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

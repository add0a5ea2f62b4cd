import { createFrontend } from '../frontend/frontend.ts';
import { readSiteConfig } from '../frontend/siteConfig.ts';
import { proxyUpgrade } from '../frontend/upgrade.ts';
import { verifyEvent } from '../identity/events.ts';
import type { EventName } from '../identity/options.ts';
import type { Handler } from '../listen.ts';
import { type Host, LoadError, type Output, openHost, type RunningHost, toUrl } from './host.ts';
import { internalFields } from './messages.ts';
import { type DevParts, identityPath, type PartsOptions, type SiteUrls } from './parts.ts';
import { describeRequest, type RequestEntry } from './requestLog.ts';
import { type DevSettings, emptyPolicy, type SitePolicy } from './settings.ts';
import { type RunningSite, startSite } from './site.ts';
import { watchFiles } from './watch.ts';

/** What more the server of a site may do; of use to tests, and to a demo around the site. */
export interface SiteExtras {
  /** A file in place of the site's `daypass.config.ts`. */
  config?: string | undefined;
  /** The folder of the site's files. Default: `publish` in its `netlify.toml`, else the root. */
  publish?: string | undefined;
  /**
   * The origin of a dev server that has the pages, such as `http://localhost:5173`, in place of the published folder. Pages
   * wait for one that is a promise.
   */
  target?: string | Promise<string> | undefined;
  /** Takes what the site's functions write on their console, line by line. Default: the console of this process. */
  output?: Output | undefined;
  /** Called for each request to a function, an edge function or Identity, once it is answered. */
  onRequest?: ((entry: RequestEntry) => void) | undefined;
  /** Restarts the functions when a file that they depend on changes, or `netlify.toml`, and reports how that went. */
  onReload?: ((reload: Reload) => void) | undefined;
  /** Whether answers say more than a deployed site's: the stack of what a function threw, the remedy of a refusal. */
  exposeErrors?: boolean | undefined;
}

/** A restart of the functions, because files have changed. */
export interface Reload {
  /** Absolute paths. */
  files: readonly string[];
  /** Why the functions of before go on. */
  error: string | undefined;
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
  /** The policy of the functions that run, as far as this server reads it. */
  policy(): SitePolicy;
  /** The variables that they see, secrets among them. */
  environment(): Readonly<Record<string, string>>;
  /** What is not served as Netlify would, for people. */
  readonly notes: readonly string[];
}

/** What is answered in addition to the site's functions and files: `undefined` leaves it to the files. */
export type OwnRoutes = (
  request: Request,
  clientAddress: string | undefined,
) => Response | Promise<Response> | undefined;

/** How functions restart: after an end at once, next to those that finish their answers, or only where they have ended. */
type Restart = 'at-once' | 'when-idle' | 'if-gone';

export interface ServeOptions extends PartsOptions, SiteExtras {
  /** Variables of the site beside those that the settings hold. */
  variables?: Readonly<Record<string, string | undefined>> | undefined;
  /** The settings of a policy that has changed. Default: those of before. */
  settingsFor?: ((policy: SitePolicy) => DevSettings) | undefined;
  /** Built once everything else is there. */
  ownRoutes?: (parts: DevParts, urls: SiteUrls, server: Pick<DevServer, 'crash' | 'reload'>) => OwnRoutes;
  /** Stands between the site and its Identity, to watch or to fail a request. */
  atIdentity?: (request: Request, serve: (request: Request) => Promise<Response>) => Promise<Response>;
  /** Called for each event that Identity sends. */
  onEvent?: (name: string) => void;
}

/** Shows what functions write on the console of this process. */
export const toConsole: Output = (line, stream) => {
  process[stream].write(`${line}\n`);
};

/**
 * Starts the thread of a site's functions and has it load the policy.
 * @throws {Error} the policy cannot be loaded, or `netlify.toml` is not valid TOML
 */
export function openSite(root: string, { config, publish, output = toConsole }: SiteExtras): Promise<Host> {
  const folders = readSiteConfig(root, publish);
  return openHost({ root, output, folders, config: config === undefined ? undefined : toUrl(config) });
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
  const { variables = {}, ownRoutes, onEvent, onRequest, exposeErrors = false } = options;
  const { atIdentity = (request, serve) => serve(request) } = options;
  let siteConfig = readSiteConfig(root, options.publish);
  const { notes } = siteConfig;
  let config = options.config;
  let inForce = { policy, environment: {} as Record<string, string> };
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
    let current: RunningHost | undefined;
    const frontend = createFrontend({
      config: () => siteConfig,
      target: options.target,
      publicUrl: settings.publicUrl,
      callFunction: (name, request, address) => current?.callFunction(name, request, address),
    });
    const behind: Handler = async (request, address) => {
      if (isIdentity(request)) return serveIdentity(request);
      return (await routes(request, address)) ?? frontend(request, address);
    };
    /** More than one while a thread that was replaced finishes its answers. */
    const living = new Set<RunningHost>();
    const begin = async (host: Host) => {
      const next = (host.policy ?? emptyPolicy) as SitePolicy;
      const changed = options.settingsFor?.(next);
      const environment = {
        ...siteConfig.environment,
        ...present(variables),
        ...(changed ? parts.environmentFor(changed, next) : parts.environment),
      };
      const running = await host.begin(
        {
          environment: { ...inherited(), SITE_ID: 'daypass-dev', SITE_NAME: 'daypass', ...environment },
          site: { id: 'daypass-dev', name: 'daypass', url: urls.publicUrl },
          identityContext: { url: urls.url + identityPath, token: parts.operatorToken },
          exposeErrors,
        },
        behind,
      );
      inForce = { policy: next, environment };
      // Functions that end by themselves restart with the next request, as the platform's instances do.
      living.add(running);
      running.ended.then(() => {
        living.delete(running);
        if (current === running) current = undefined;
      });
      return running;
    };
    current = await begin(opened ?? (await openSite(root, options)));
    let beginning: Promise<unknown> = Promise.resolve();
    let isClosed = false;

    const open = async () => begin(await openSite(root, { ...options, config }));

    restart = (how) => {
      const renew = async () => {
        if (isClosed || (how === 'if-gone' && current)) return undefined;
        const old = current;
        // While it is replaced a thread goes on answering; one that has crashed leaves its callers waiting.
        if (how === 'at-once') {
          current = undefined;
          await Promise.all([...living].map((host) => host.end()));
        }
        siteConfig = readSiteConfig(root, options.publish);
        const next = await open().catch((error: unknown) => {
          // A module that fails to load may be new: watch it, so that fixing it reloads.
          if (error instanceof LoadError) watch?.follow([...watchedFiles(old), ...error.files]);
          throw error;
        });
        if (isClosed) return next.end();
        current = next;
        watch?.follow(watchedFiles(next));
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
    /** The function that takes Identity's events; a reload may add one. */
    const eventFunction = () => Object.entries(current?.events ?? {}).find(([, names]) => names.length > 0);
    const dispatch = async (request: Request, name: string) => {
      onEvent?.(request.headers.get('x-netlify-event') ?? '');
      return (await running()).dispatchEvent(name, request);
    };
    routes = ownRoutes?.(parts, urls, controls) ?? routes;

    const watchedFiles = (host: RunningHost | undefined) => [
      ...(host?.files ?? []),
      ...['daypass.config.ts', 'netlify.toml', '_redirects', '_headers'].map((name) => `${root}/${name}`),
      ...['_redirects', '_headers'].map((name) => `${siteConfig.publish}/${name}`),
    ];
    const { onReload } = options;
    const watch =
      onReload &&
      watchFiles([siteConfig.functions, siteConfig.edgeFunctions], (files) => {
        controls.reload().then(
          () => onReload({ files, error: undefined }),
          (error: Error) => onReload({ files, error: error.message }),
        );
      });
    watch?.follow(watchedFiles(current));

    async function serve(request: Request, address: string | undefined, host: RunningHost, route?: string) {
      if (route !== undefined) return host.handle(request, address);
      const name = /^\/\.netlify\/functions\/([\w-]+)$/.exec(new URL(request.url).pathname)?.[1];
      if (name === undefined || !host.events[name]?.length) return behind(request, address);
      // A GoTrue of one's own, set up to call the function as Netlify's Identity does.
      const signed = await verifyEvent(request, settings.identity?.webhookSecret);
      return signed ? dispatch(signed, name) : new Response(null, { status: 401 });
    }

    return {
      events: {
        names: () => (eventFunction()?.[1] ?? []) as EventName[],
        async target(request) {
          await running();
          const [name] = eventFunction() ?? [];
          return name === undefined ? new Response(null, { status: 404 }) : dispatch(request, name);
        },
      },
      async fetch(request, address) {
        const host = await running();
        const route = host.routeOf(request);
        const { answer, isOfBackend } = readMark(await serve(request, address, host, route));
        const told = isIdentity(request) ? `${identityPath}/*` : route;
        // Those are the site's own: an exchange deletes its user, the status looks whether it could.
        if (new URL(request.url).pathname.startsWith(`${identityPath}/admin/`)) return answer;
        if (told === undefined || !onRequest) return answer;
        const described = await describeRequest(request, answer, {
          route: told,
          policy: inForce.policy,
          exposeErrors,
          isOfBackend,
        });
        onRequest(described.entry);
        return described.response;
      },
      takeUpgrade(request, socket, head) {
        const url = new URL(request.url ?? '/', urls.url).href;
        if (options.target === undefined || current?.routeOf({ method: 'GET', url })) return false;
        Promise.resolve(options.target).then(
          (target) => proxyUpgrade(request, socket, head, target, settings.publicUrl),
          () => socket.destroy(),
        );
        return true;
      },
      async close() {
        isClosed = true;
        watch?.close();
        await beginning;
        current = undefined;
        await Promise.all([...living].map((host) => host.end()));
      },
    };
  });
  return {
    ...site,
    ...controls,
    notes,
    policy: () => inForce.policy,
    environment: () => inForce.environment,
  };
}

/** Takes the thread's mark off an answer. */
function readMark(answer: Response): { answer: Response; isOfBackend: boolean } {
  if (!answer.headers.has(internalFields.ofBackend)) return { answer, isOfBackend: false };
  const unmarked = new Response(answer.body, answer);
  unmarked.headers.delete(internalFields.ofBackend);
  return { answer: unmarked, isOfBackend: true };
}

function isIdentity({ url }: Request): boolean {
  return new URL(url).pathname.startsWith(`${identityPath}/`);
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

/** Those that are set. */
function present(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

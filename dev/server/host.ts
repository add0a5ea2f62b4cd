import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Handler, listen } from '../listen.ts';
import { forward } from './forward.ts';
import { type Begin, internalFields, type WorkerData, type WorkerReport } from './messages.ts';
import { matchRoutes } from './routes.ts';

/** Takes each line that the site's functions write on their console. */
export type Output = (line: string, stream: 'stdout' | 'stderr') => void;

export interface HostOptions {
  root: string;
  /** A module in place of the site's `daypass.config.ts`: its URL. */
  config?: string | undefined;
  /** Where its functions are. */
  folders: Pick<WorkerData, 'functions' | 'edgeFunctions' | 'edgeRoutes'>;
  output: Output;
}

/** The functions of a site, in a thread of their own that has loaded its policy. */
export interface Host {
  /** What `daypass.config.ts` exports, as plain data; undefined where the site has none. */
  readonly policy: unknown;
  /**
   * Loads the functions.
   * @param next answers what no function answers
   * @throws {Error} one of them cannot be loaded, named with the reason
   */
  begin(site: Omit<Begin, 'nextOrigin'>, next: Handler): Promise<RunningHost>;
  end(): Promise<void>;
}

export interface RunningHost {
  /** Events by GoTrue's names, by the function that has handlers for them. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  /** The site's own modules that were loaded; a change in one of them calls for a restart. */
  readonly files: readonly string[];
  /** The path, with its wildcards, of the function or edge function that takes it; undefined where none does. */
  routeOf(request: Pick<Request, 'method' | 'url'>): string | undefined;
  handle: Handler;
  /** Calls a function by its name; undefined where there is none of that name. */
  callFunction(name: string, request: Request, address: string | undefined): Promise<Response> | undefined;
  /** Hands an event of Identity to an event function. */
  dispatchEvent(name: string, request: Request): Promise<Response>;
  /** Settles when the thread has ended, also by itself: by an uncaught error. */
  readonly ended: Promise<unknown>;
  /** Ends the thread at once, whatever it is doing, or when what it is answering is answered. */
  end(how?: 'at-once' | 'when-idle'): Promise<void>;
}

/** Prefixes of the fields by which Netlify's proxy speaks to functions; a caller could pose as the proxy with them. */
const platformPrefixes = ['x-nf-', 'x-deno-', 'x-bb-', 'x-daypass-dev-'];

/** How long a thread that is to be replaced may go on with what it is answering. */
const drainMilliseconds = 10_000;

/** A module's path as a URL; a URL stays what it is. */
export const toUrl = (module: string) =>
  /^(data|file):/.test(module) ? module : pathToFileURL(resolve(module)).href;

/** JavaScript in the package, TypeScript in its source. */
const workerUrl = new URL(
  import.meta.filename.endsWith('.js') ? './worker.js' : './worker.ts',
  import.meta.url,
);

/**
 * Starts the thread and has it load the site's policy.
 * @throws {Error} the policy cannot be loaded, with the reason
 */
export async function openHost({ root, config, folders, output }: HostOptions): Promise<Host> {
  const key = randomBytes(24).toString('base64url');
  const data: WorkerData = { root, config, key, ...folders };
  const worker = new Worker(workerUrl, {
    workerData: data,
    stdout: true,
    stderr: true,
    // What this process was started with, a debugger or a test runner's loader, is not for the site.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  readLines(worker.stdout, (line) => output(line, 'stdout'));
  readLines(worker.stderr, (line) => output(line, 'stderr'));
  // An uncaught error ends a thread; unheard, it would end this process too.
  worker.on('error', (error) => output(error instanceof Error ? `${error.stack}` : String(error), 'stderr'));
  const end = async () => void (await worker.terminate());
  try {
    const { policy } = await nextReport(worker, 'policy');
    return { policy, end, begin: (site, next) => begin(worker, key, site, next) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function begin(
  worker: Worker,
  key: string,
  site: Omit<Begin, 'nextOrigin'>,
  next: Handler,
): Promise<RunningHost> {
  const behind = await listen((request) => {
    const { headers } = request;
    if (headers.get(internalFields.key) !== key) return new Response(null, { status: 403 });
    const address = headers.get(internalFields.address) || undefined;
    return next(
      new Request(headers.get(internalFields.url) ?? request.url, withoutPlatform(request)),
      address,
    );
  });
  const end = async () => {
    await worker.terminate();
    await behind.close();
  };
  worker.postMessage({ ...site, nextOrigin: behind.url } satisfies Begin);
  // Not `once` of node:events: it rejects at an error.
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const ready = await nextReport(worker, 'ready').catch(async (error) => {
    await end();
    throw error;
  });
  const { origin, routes, functions, events, files } = ready;
  let underWay = 0;
  const idle = new EventTarget();

  function send(request: Request, fields: Record<string, string>): Promise<Response> {
    underWay += 1;
    const ours = { [internalFields.key]: key, [internalFields.url]: request.url, ...fields };
    return forward(withoutPlatform(request), origin, ours, () => {
      underWay -= 1;
      if (underWay === 0) idle.dispatchEvent(new Event('idle'));
    });
  }

  return {
    events,
    files,
    ended,
    routeOf: ({ method, url }) => {
      const { pathname } = new URL(url);
      const found = routes.find((each) => matchRoutes(each, { method, pathname }));
      return found?.paths.find((path) =>
        matchRoutes({ paths: [path], excludedPaths: [], methods: [] }, { method, pathname }),
      );
    },
    handle: (request, address) => send(request, { [internalFields.address]: plainAddress(address) }),
    callFunction: (name, request, address) =>
      functions.includes(name)
        ? send(request, {
            [internalFields.address]: plainAddress(address),
            [internalFields.function]: name,
          })
        : undefined,
    dispatchEvent: (name, request) => send(request, { [internalFields.event]: name }),
    async end(how = 'at-once') {
      if (how === 'when-idle' && underWay > 0) {
        const signal = AbortSignal.timeout(drainMilliseconds);
        await once(idle, 'idle', { signal }).catch(() => undefined);
      }
      await end();
    },
  };
}

/** An IPv4 address without `::ffff:`. */
const plainAddress = (address = '') => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** The request at an address, without what only the platform may say. */
function withoutPlatform({ method, headers, body, signal, url }: Request, at = url): Request {
  const kept = new Headers(headers);
  for (const name of headers.keys()) {
    if (platformPrefixes.some((prefix) => name.startsWith(prefix))) kept.delete(name);
  }
  return new Request(at, { method, headers: kept, body, signal, duplex: 'half' } as RequestInit);
}

function readLines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream }).on('line', take);
}

/** The functions of a site could not be loaded. */
export class LoadError extends Error {
  /** The site's own modules that were tried: a change in one of them may help. */
  readonly files: readonly string[];

  constructor(message: string, files: readonly string[]) {
    super(message);
    this.name = 'LoadError';
    this.files = files;
  }
}

/** @throws {LoadError} the thread says that it failed; {Error} it ended */
function nextReport<K extends WorkerReport['kind']>(
  worker: Worker,
  kind: K,
): Promise<Extract<WorkerReport, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number) => reject(new Error(`The site's functions ended with ${code}.`));
    worker.once('exit', onExit);
    worker.once('message', (report: WorkerReport) => {
      worker.off('exit', onExit);
      if (report.kind === kind) resolve(report as Extract<WorkerReport, { kind: K }>);
      else if (report.kind === 'failed') reject(new LoadError(report.message, report.files));
      else reject(new Error(`Unexpected: ${report.kind}`));
    });
  });
}

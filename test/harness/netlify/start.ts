import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../../../src/protocol/error.ts';
import { assertKnownKeys } from '../../../src/protocol/knownKeys.ts';
import { type Call, prepareCall, requestOf } from './call.ts';
import { type EdgeFunctions, runEdgeFunctions } from './edge.ts';
import {
  type Functions,
  type FunctionsOptions,
  type IdentityContext,
  provideEnvironment,
  runFunctions,
} from './functions.ts';

export type { IdentityContext } from './functions.ts';

export interface NetlifyEmulatorOptions {
  /** The folder that holds `netlify/functions` and `netlify/edge-functions`. */
  projectRoot: string;
  /** Where the caller serves, such as `http://localhost:8888`: `URL`, `context.site.url`, `context.next()`. */
  origin: string;
  /** What functions and edge functions see as their environment, beside `URL`, `SITE_ID` and `SITE_NAME`. */
  environment: Readonly<Record<string, string>>;
  /** What a function called by this request finds in its Identity context. Default: nothing. */
  identityContext?: (request: Request) => IdentityContext | undefined;
  /** Serves what is neither an edge function nor a function: files, Identity. Default: 404. */
  next?: (request: Request, address: string) => Response | Promise<Response>;
  /** Takes what went wrong while running, a line at a time. Default: standard error. */
  log?: (line: string) => void;
}

export interface NetlifyEmulator {
  /**
   * Answers as the platform does: edge functions, then functions, then `next`.
   *
   * @param request its URL names the host that the caller asked for
   * @param address of the caller's socket; what the request says about it counts for nothing
   */
  handle(request: Request, address: string): Promise<Response>;
  /**
   * Calls an event handler as Identity does: `POST /.netlify/functions/<name>` with `X-Netlify-Event`.
   *
   * @throws TypeError when the request is anything else
   */
  dispatchEvent(request: Request): Promise<Response>;
  /** Ends Deno and every call, removes what was built, and puts the environment back. May be called twice. */
  close(): Promise<void>;
}

const optionNames = ['projectRoot', 'origin', 'environment', 'identityContext', 'next', 'log'];

async function checkOptions(options: NetlifyEmulatorOptions): Promise<string> {
  assertKnownKeys('startNetlifyEmulator', options, optionNames);
  const { projectRoot, origin } = options;
  if (typeof projectRoot !== 'string') throw new ConfigurationError(['projectRoot must be a path.']);
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url?.protocol !== 'http:' || url.origin !== origin) {
    throw new ConfigurationError([
      `origin must be an http origin without a path, such as http://localhost:8888: ${origin}`,
    ]);
  }
  const root = resolve(projectRoot);
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) throw new ConfigurationError([`projectRoot is not a folder: ${root}`]);
  return root;
}

/** The message with its cause: fetch alone says no more than "fetch failed". */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/**
 * Runs a project's functions and edge functions as Netlify's own emulator does, without a network.
 *
 * @throws {ConfigurationError} a TypeError: an option is wrong, or is none
 * @throws Error that says what to do, when Deno is missing, or a function cannot be built or loaded
 */
export async function startNetlifyEmulator(options: NetlifyEmulatorOptions): Promise<NetlifyEmulator> {
  const projectRoot = await checkOptions(options);
  const { origin, environment, identityContext = () => undefined, log = console.error } = options;
  const { next = () => new Response('Not found', { status: 404 }) } = options;
  const parts = await startParts({ projectRoot, origin, environment, identityContext, log });
  let closing: Promise<void> | undefined;

  /** An emulator that fails is a bad gateway: it is not the site that answers. */
  const guard = async <T>(call: Call, run: () => Promise<T>): Promise<T | Response> => {
    try {
      return await run();
    } catch (error) {
      const line = `Netlify's emulator failed at ${call.method} ${call.url.pathname}: ${explain(error)}`;
      if (!closing && !call.signal.aborted) log(line);
      return new Response(line, { status: 502, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    }
  };

  return {
    async handle(request, address) {
      const addressOfNext = parts.edge?.recogniseNext(request);
      const call = await prepareCall(request, addressOfNext ?? address);
      const answer = await guard(call, async () => {
        const passed = addressOfNext === undefined ? await parts.edge?.handle(call) : undefined;
        return passed ?? (await parts.functions?.handle(call));
      });
      return answer ?? next(requestOf(call), call.address);
    },

    async dispatchEvent(request) {
      const name = /^\/\.netlify\/functions\/([\w-]+)$/.exec(new URL(request.url).pathname)?.[1];
      const event = request.headers.get('x-netlify-event');
      if (request.method !== 'POST' || name === undefined || event === null) {
        throw new TypeError('An event is a POST to /.netlify/functions/<name> with X-Netlify-Event.');
      }
      const call = await prepareCall(request, '');
      const answer = await guard(call, async () => parts.functions?.dispatchEvent(call, name, event));
      return answer ?? new Response(`There is no function ${name}.`, { status: 404 });
    },

    close() {
      closing ??= parts.close();
      return closing;
    },
  };
}

/** The site as functions and edge functions see it in their context. */
const site = { id: 'daypass-dev', name: 'daypass' };

export interface Parts {
  /** Undefined when the project has none. */
  edge: EdgeFunctions | undefined;
  /** Undefined when the project has none. */
  functions: Functions | undefined;
  close(): Promise<void>;
}

export interface PartsOptions extends Pick<FunctionsOptions, 'projectRoot' | 'identityContext' | 'log'> {
  origin: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * Starts both halves of the emulator in a temporary folder that goes when they do.
 *
 * @throws Error when one of them does not start; the other is closed by then
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { projectRoot, origin, identityContext, log } = options;
  const folder = await mkdtemp(join(tmpdir(), 'daypass-netlify-'));
  const buildFolder = join(folder, 'functions');
  const workFolder = join(folder, 'deno');
  await Promise.all([mkdir(buildFolder), mkdir(workFolder)]);

  const environment = { URL: origin, SITE_ID: site.id, SITE_NAME: site.name, ...options.environment };
  const restoreEnvironment = provideEnvironment(environment);

  const starting = [
    runEdgeFunctions({ projectRoot, workFolder, origin, environment, site }),
    runFunctions({ projectRoot, buildFolder, site, identityContext, log }),
  ] as const;
  const close = async () => {
    restoreEnvironment();
    const parts = await Promise.allSettled(starting);
    const closed = await Promise.allSettled(
      parts.map((part) => (part.status === 'fulfilled' ? part.value?.close() : undefined)),
    );
    // A worker that was just ended may still be writing there.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    const failed = closed.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };

  try {
    const [edge, functions] = await Promise.all(starting);
    return { edge, functions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

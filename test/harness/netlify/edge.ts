import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EdgeFunctionsHandler } from '@netlify/edge-functions-dev';
import { type Call, cleanResponse, limitConcurrency } from './call.ts';
import { checkWorkingDirectory, findDeno, keepDenoLocal } from './deno.ts';

/** Each run is a Deno worker of its own; more at once only make each other late. */
const runsAtOnce = 4;

export interface EdgeFunctions {
  /** Runs the edge functions whose routes match, or tells by undefined that none does. */
  handle(call: Call): Promise<Response | undefined>;
  /** The caller's address, when the request is an edge function's `context.next()` come back; else undefined. */
  recogniseNext(request: Request): string | undefined;
  close(): Promise<void>;
}

export interface EdgeFunctionsOptions {
  projectRoot: string;
  /** An empty folder for what Deno needs while it runs. */
  workFolder: string;
  /** Where the site answers: `context.next()` goes there. */
  origin: string;
  /** All that the edge functions see: the environment of this process does not reach them. */
  environment: Readonly<Record<string, string>>;
  site: { id: string; name: string };
}

/** Headers that Netlify's emulator fills with its own address and host; ours are the caller's. */
class PinnedHeaders extends Headers {
  readonly #pins: ReadonlyMap<string, string>;

  constructor(init: Headers, pins: Record<string, string>) {
    super(init);
    this.#pins = new Map(Object.entries(pins));
    for (const [name, value] of this.#pins) super.set(name, value);
  }

  override set(name: string, value: string): void {
    if (!this.#pins.has(name.toLowerCase())) super.set(name, value);
  }
}

/** fetch has undone the encoding of what came from Deno, and left the fields that speak of it. */
function withoutEncoding(response: Response): Response {
  if (!response.headers.has('content-encoding')) return response;
  response.headers.delete('content-encoding');
  response.headers.delete('content-length');
  return response;
}

/**
 * Runs a project's `netlify/edge-functions` in Deno under Netlify's bootstrap. The handler is used alone
 * because the emulator around it follows an edge function's redirects and says 127.0.0.1 for every address.
 *
 * @throws Error when Deno is missing or does not start, or an edge function cannot be loaded
 */
export async function runEdgeFunctions(options: EdgeFunctionsOptions): Promise<EdgeFunctions | undefined> {
  const { projectRoot, workFolder, origin, environment, site } = options;
  const directory = join(projectRoot, 'netlify', 'edge-functions');
  if (!existsSync(directory)) return undefined;
  checkWorkingDirectory(projectRoot);
  const deno = await findDeno();

  const complaints: string[] = [];
  const complain = (...parts: unknown[]) => void complaints.push(parts.join(' '));
  const handler = new EdgeFunctionsHandler({
    configDeclarations: [],
    directories: [directory],
    env: {
      ...environment,
      // A cache of its own, no look for updates, no colours in the errors that are passed on.
      DENO_DIR: join(workFolder, 'cache'),
      DENO_NO_UPDATE_CHECK: '1',
      NO_COLOR: '1',
      PATH: await keepDenoLocal(join(workFolder, 'bin'), deno.path),
    },
    geolocation: {},
    logger: { log: console.log, warn: complain, error: complain },
    siteID: site.id,
    siteName: site.name,
  });
  const internals = reachEdgeInternals(handler);
  const close = () => (internals.hasEnded() ? Promise.resolve() : handler.stop());

  try {
    await handler.match(new Request(origin));
    if (complaints.length > 0) throw new Error(complaints.join('; '));
  } catch (cause) {
    await close();
    throw new Error(`Netlify's edge functions do not start with Deno ${deno.version}: ${cause}`, { cause });
  }
  const loadError = internals.loadError();
  if (loadError !== undefined) {
    await close();
    throw new Error(`The edge functions of ${projectRoot} cannot be loaded: ${loadError}`);
  }

  const limit = limitConcurrency(runsAtOnce);
  const addresses = new Map<string, string>();
  const originUrl = new URL(origin);
  // What the context calls the site: visitors may see it elsewhere than it answers itself.
  const siteUrl = environment.URL ?? origin;

  return {
    async handle(call) {
      const { url, method, body, signal } = call;
      const match = await handler.match(new Request(url, { method, headers: call.headers }));
      if (!match) return undefined;
      const headers = new PinnedHeaders(call.headers, {
        'x-forwarded-for': call.address,
        'x-forwarded-host': url.host,
        'x-forwarded-proto': url.protocol,
        'x-nf-client-connection-ip': call.address,
        'x-nf-passthrough-host': originUrl.host,
        'x-nf-passthrough-proto': originUrl.protocol,
        'x-nf-request-id': call.id,
      });
      // The handler reads url and headers and gives the whole to fetch as its options. A Request would do too,
      // but turns the body into a stream, and so Content-Length into chunks.
      const outgoing = { url: url.href, method, headers, body, redirect: 'manual', signal };
      addresses.set(call.id, call.address);
      try {
        const response = await limit(() => match.handle(outgoing as unknown as Request, siteUrl));
        return withoutEncoding(cleanResponse(response));
      } catch (cause) {
        if (!internals.hasEnded()) throw cause;
        throw new Error('Deno, which runs the edge functions, has ended: start again', { cause });
      } finally {
        addresses.delete(call.id);
      }
    },

    recogniseNext(request) {
      if (!request.headers.has('x-nf-passthrough')) return undefined;
      return addresses.get(request.headers.get('x-nf-request-id') ?? '');
    },

    close,
  };
}

/** What the handler keeps to itself, as of @netlify/edge-functions-dev 2.0.1. */
interface Internals {
  denoServerProcess?: { ps?: ChildProcess };
  getFunctionConfigs(port: number, functions: Record<string, string>): Promise<Configs>;
}

interface Configs {
  configs?: unknown;
  error?: unknown;
}

export interface EdgeInternals {
  /** Whether Deno ran and has ended. The handler's `stop()` waits for ever for one that a signal ended. */
  hasEnded(): boolean;
  /** Why the edge functions could not be loaded last time, or undefined. */
  loadError(): string | undefined;
}

function describe(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return typeof error === 'string' ? error : JSON.stringify(error);
}

/** Changes whenever one of the entry files does, which alone hold the `config` literals. */
async function fingerprint(functions: Record<string, string>): Promise<string> {
  const entries = await Promise.all(
    Object.values(functions).map(async (url) => `${url} ${(await stat(fileURLToPath(url))).mtimeMs}`),
  );
  return entries.join('\n');
}

/**
 * Lets the handler ask Deno for the edge functions' `config` only when an entry file has changed. It asks at
 * every request, and Deno never ends the worker that answers: some 13 MB and one thread a request, until the
 * machine is out of memory.
 *
 * @throws Error when the handler is not the one that this was written for
 */
export function reachEdgeInternals(handler: EdgeFunctionsHandler): EdgeInternals {
  const internals = handler as unknown as Internals;
  if (typeof internals.getFunctionConfigs !== 'function' || !('denoServerProcess' in internals)) {
    throw new Error('This version of @netlify/edge-functions-dev has other insides: reachEdgeInternals.ts');
  }
  const ask = internals.getFunctionConfigs.bind(handler);
  let known: { key: string; answer: Promise<Configs> } | undefined;
  let lastError: unknown;

  internals.getFunctionConfigs = async (port, functions) => {
    const key = await fingerprint(functions);
    if (known?.key !== key) known = { key, answer: ask(port, functions) };
    const { answer } = known;
    const forget = () => {
      if (known?.answer === answer) known = undefined;
    };
    const result = await answer.catch((error: unknown) => {
      forget();
      throw error;
    });
    lastError = result.error;
    // An import may have failed in another file than the entry: to be tried again once that is mended.
    if (result.error !== undefined) forget();
    return result;
  };

  return {
    hasEnded() {
      const child = internals.denoServerProcess?.ps;
      return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
    },
    loadError: () => (lastError === undefined ? undefined : describe(lastError)),
  };
}

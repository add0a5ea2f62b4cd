import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeFunctionsHandler } from '@netlify/edge-functions-dev';
import { findDeno } from './findDeno.ts';
import { checkWorkingDirectory } from './findPackage.ts';
import { keepDenoLocal } from './keepDenoLocal.ts';
import { limitConcurrency } from './limitConcurrency.ts';
import { type Call, cleanResponse } from './prepareCall.ts';
import { reachEdgeInternals } from './reachEdgeInternals.ts';

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

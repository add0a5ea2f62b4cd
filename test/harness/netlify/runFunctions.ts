import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileWatcher, Reactive, shouldBase64Encode } from '@netlify/dev-utils';
import { FunctionsHandler } from '@netlify/functions-dev';
import { findPackage } from './findPackage.ts';
import { limitConcurrency } from './limitConcurrency.ts';
import { type Call, cleanResponse } from './prepareCall.ts';
import { trackWorkers } from './trackWorkers.ts';
import { watchBuilds } from './watchBuilds.ts';

/** Each call is a worker of its own; more at once only make each other late. */
const callsAtOnce = 4;

/** The address of Identity and a token of its operator, which the platform hands to functions. */
export interface IdentityContext {
  url: string;
  token: string;
  /** The claims of the caller's Identity token, where it holds one. */
  user?: Record<string, unknown>;
}

export interface Functions {
  /** Calls the function whose path matches, or tells by undefined that none does. */
  handle(call: Call): Promise<Response | undefined>;
  /** Calls a function's handler of an event as named in X-Netlify-Event; undefined when no function is named so. */
  dispatchEvent(call: Call, name: string, event: string): Promise<Response | undefined>;
  close(): Promise<void>;
}

export interface FunctionsOptions {
  projectRoot: string;
  /** An empty folder for what is built. */
  buildFolder: string;
  site: { id: string };
  identityContext: (request: Request) => IdentityContext | undefined;
  log: (line: string) => void;
}

/**
 * Runs a project's `netlify/functions` in Node under Netlify's bootstrap. The handler is used alone because the
 * emulator around it builds a function anew for each call, into folders that concurrent calls take from one
 * another ("Cannot find module"). Here a function is built at start and whenever its sources change.
 *
 * @throws Error when a function cannot be built
 */
export async function runFunctions(options: FunctionsOptions): Promise<Functions | undefined> {
  const { projectRoot, buildFolder, site, identityContext } = options;
  const directory = join(projectRoot, 'netlify', 'functions');
  if (!existsSync(directory)) return undefined;

  const workers = trackWorkers();
  const fileWatcher = new FileWatcher();
  const builds = watchBuilds(options.log);
  const close = async () => {
    await Promise.all([workers.close(), fileWatcher.close()]);
  };
  const handler = new FunctionsHandler({
    config: new Reactive({}),
    destPath: buildFolder,
    eventHandler: builds.onEvent,
    fileWatcher,
    geolocation: {},
    // Packages are copied from below this folder alone.
    projectRoot: findPackage(projectRoot) ?? projectRoot,
    settings: {},
    siteId: site.id,
    userFunctionsPath: directory,
  });
  try {
    await handler.match(new Request('http://localhost/'));
    await builds.ready();
  } catch (error) {
    await close();
    throw error;
  }

  const limit = limitConcurrency(callsAtOnce);

  const platformRequest = (call: Call, extra: Record<string, string> = {}): Request => {
    const headers = new Headers(call.headers);
    headers.set('host', call.url.host);
    headers.set('x-forwarded-for', call.address);
    headers.set('x-forwarded-proto', call.url.protocol.slice(0, -1));
    headers.set('x-nf-client-connection-ip', call.address);
    headers.set('x-nf-deploy-context', 'dev');
    headers.set('x-nf-deploy-id', '0');
    headers.set('x-nf-request-id', call.id);
    headers.set('x-nf-site-id', site.id);
    for (const [name, value] of Object.entries(extra)) headers.set(name, value);
    const { url, method, body } = call;
    const identity = identityContext(new Request(url, { method, headers: call.headers }));
    if (identity) headers.set('x-nf-identity-info', Buffer.from(JSON.stringify(identity)).toString('base64'));
    // The handler reads each body as text but declares those of binary types to be base64: so they must be.
    // As bytes, since a text would get a content type of its own.
    const isBinary = body !== undefined && shouldBase64Encode(headers.get('content-type') ?? '');
    const encoded = isBinary ? new TextEncoder().encode(Buffer.from(body).toString('base64')) : body;
    return new Request(url, { method, headers, body: encoded ?? null });
  };

  return {
    async handle(call) {
      // An empty build folder means: as built, and not anew.
      const match = await handler.match(new Request(call.url, { method: call.method }), '');
      if (!match) return undefined;
      const request = platformRequest(call);
      return cleanResponse(await limit(() => workers.run(() => match.handle(request))));
    },

    async dispatchEvent(call, name, event) {
      const target = builds.get(name);
      if (!target) return undefined;
      // By name and not by path, as a function that has a `config.path` answers on no other. Not limited: a
      // function's own call to Identity may be what waits for this one.
      const request = platformRequest(call, { 'x-netlify-event': event });
      return cleanResponse(await workers.run(() => target.invoke({ request })));
    },

    close,
  };
}

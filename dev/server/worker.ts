import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { listEntries } from '../frontend/siteConfig.ts';
import { listen } from '../listen.ts';
import { type EventFunctions, eventsOf, handEvent } from './events.ts';
import { forward } from './forward.ts';
import { loadAsBundlersDo } from './loader.ts';
import { type Begin, internalFields, type WorkerData, type WorkerReport } from './messages.ts';
import { matchRoutes, type RouteConfig, type Routes, readRoutes } from './routes.ts';

// Runs the functions and edge functions of one site, in a thread of its own: it has an environment, globals and modules that
// no other site of this process sees, and it can be ended and restarted, as a deploy is.

type Handler = (request: Request, context: object) => unknown;

interface SiteFunction {
  name: string;
  routes: Routes;
  handle: Handler | undefined;
  events: EventFunctions;
}

interface EdgeFunction {
  name: string;
  routes: Routes;
  handle: Handler;
  onError: string;
}

interface Call {
  request: Request;
  address: string;
  requestId: string;
}

const port = parentPort;

/** The site's own modules, as far as they are loaded. */
const loaded = new Set<string>();

async function run(data: WorkerData): Promise<void> {
  const report = (message: WorkerReport) => port?.postMessage(message);
  try {
    loadAsBundlersDo(data, (file) => loaded.add(file));
    report({ kind: 'policy', policy: await loadPolicy(data) });
    port?.once('message', (begin: Begin) => {
      open(data, begin).then(report, (error: unknown) =>
        report({ kind: 'failed', message: messageOf(error), files: [...loaded] }),
      );
    });
  } catch (error) {
    report({ kind: 'failed', message: messageOf(error), files: [...loaded] });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The plain data of the site's policy; undefined where there is none. */
async function loadPolicy({ root, config }: WorkerData): Promise<unknown> {
  const file = join(root, 'daypass.config.ts');
  if (config === undefined && !existsSync(file)) return undefined;
  const { default: policy } = await import(config ?? pathToFileURL(file).href);
  return policy && JSON.parse(JSON.stringify(policy));
}

/** The call that is being served: Netlify's globals speak of it. */
const calls = new AsyncLocalStorage<{
  context: object | null;
  identity: object | undefined;
  /** Whether a backend answered an edge function. */
  reachedBackend?: boolean;
}>();

/** Has the calls know whether a backend answered: a gate asks it with `X-Forwarded-Host`. */
function watchBackends(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const call = calls.getStore();
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (call && headers.has('x-forwarded-host')) call.reachedBackend = true;
    return answer;
  };
}

function provideGlobals(environment: Begin['environment']): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  const env = {
    get: (name: string) => process.env[name],
    has: (name: string) => process.env[name] !== undefined,
    set: (name: string, value: string) => {
      process.env[name] = value;
    },
    delete: (name: string) => {
      delete process.env[name];
    },
    toObject: () => ({ ...process.env }),
  };
  Object.defineProperty(globalThis, 'Netlify', {
    value: {
      env,
      get context() {
        return calls.getStore()?.context ?? null;
      },
    },
  });
  Object.defineProperty(globalThis, 'netlifyIdentityContext', { get: () => calls.getStore()?.identity });
}

async function open(data: WorkerData, begin: Begin): Promise<WorkerReport> {
  provideGlobals(begin.environment);
  watchBackends();
  const functions = await loadFunctions(data.functions);
  const edges = await loadEdgeFunctions(data.edgeFunctions, data.edgeRoutes);
  const site = { functions, edges, begin };
  const { url } = await listen(async (incoming) => {
    const { headers } = incoming;
    if (headers.get(internalFields.key) !== data.key) return new Response(null, { status: 403 });
    const event = headers.get(internalFields.event);
    const name = headers.get(internalFields.function);
    const call = readCall(incoming);
    if (event !== null) return dispatchEvent(site, call, event);
    const called = functions.find((each) => each.handle && each.name === name);
    return called ? runFunction(site, call, called, {}) : serve(site, call);
  });
  return {
    kind: 'ready',
    origin: url,
    routes: [...edges, ...functions.filter(({ handle }) => handle)].map(({ routes }) => routes),
    functions: functions.filter(({ handle }) => handle).map(({ name }) => name),
    events: Object.fromEntries(functions.map(({ name, events }) => [name, eventsOf(events)])),
    files: [...loaded],
  };
}

interface Entry {
  name: string;
  exports: { default?: unknown; config?: Record<string, unknown> };
}

/** Imports each entry of a folder. */
async function loadEntries(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const { name, path } of await listEntries(folder)) {
    try {
      entries.push({ name, exports: await import(pathToFileURL(path).href) });
    } catch (cause) {
      throw new Error(`${path} could not be loaded: ${messageOf(cause)}`, { cause });
    }
  }
  return entries;
}

async function loadFunctions(folder: string): Promise<SiteFunction[]> {
  return (await loadEntries(folder)).map(({ name, exports: { default: main, config = {} } }) => {
    const events = typeof main === 'object' && main !== null ? (main as EventFunctions) : {};
    const handle = (typeof main === 'function' ? main : events.fetch) as Handler | undefined;
    if (!handle && eventsOf(events).length === 0) {
      throw new Error(
        `netlify/functions/${name}: its default export is neither a function nor event functions.`,
      );
    }
    return { name, events, handle, routes: readRoutes(config as RouteConfig, `/.netlify/functions/${name}`) };
  });
}

async function loadEdgeFunctions(
  folder: string,
  declared: WorkerData['edgeRoutes'],
): Promise<EdgeFunction[]> {
  return (await loadEntries(folder)).map(({ name, exports: { default: main, config = {} } }) => {
    if (typeof main !== 'function') {
      throw new Error(`netlify/edge-functions/${name}: its default export is no function.`);
    }
    const onError = typeof config.onError === 'string' ? config.onError : 'fail';
    const own = readRoutes(config as RouteConfig);
    const more = declared.filter((each) => each.name === name);
    const routes: Routes = {
      ...own,
      paths: [...own.paths, ...more.map(({ path }) => path)],
      excludedPaths: [...own.excludedPaths, ...more.flatMap(({ excludedPaths }) => excludedPaths)],
    };
    return { name, handle: main as Handler, onError, routes };
  });
}

/** The request as the caller sent it, at the address that it was for. */
function readCall(incoming: Request): Call {
  const headers = new Headers(incoming.headers);
  const url = headers.get(internalFields.url) ?? incoming.url;
  const address = headers.get(internalFields.address) ?? '';
  for (const name of Object.values(internalFields)) headers.delete(name);
  const requestId = randomUUID();
  headers.set('x-nf-request-id', requestId);
  headers.set('x-nf-client-connection-ip', address);
  const { method, body, signal } = incoming;
  const request = new Request(url, { method, headers, body, signal, duplex: 'half' } as RequestInit);
  return { request, address, requestId };
}

interface Site {
  functions: readonly SiteFunction[];
  edges: readonly EdgeFunction[];
  begin: Begin;
}

function contextOf({ begin }: Site, { request, address, requestId }: Call, params: Record<string, string>) {
  return {
    ip: address,
    requestId,
    params,
    url: new URL(request.url),
    site: begin.site,
    deploy: { context: 'dev', id: '0', published: false, skewProtectionToken: '' },
    account: { id: '' },
    server: { region: 'dev' },
    geo: {},
    log: console.log,
    json: (value: unknown, init?: ResponseInit) => Response.json(value, init),
    waitUntil: (work: Promise<unknown>) => void work.catch((error: unknown) => console.error(error)),
  };
}

/** Edge functions one after the other, then the function, then what the server has behind them. */
function serve(site: Site, call: Call, from = 0): Promise<Response> {
  const { pathname } = new URL(call.request.url);
  const asked = { method: call.request.method, pathname };
  for (const [index, edge] of site.edges.entries()) {
    const params = index >= from && matchRoutes(edge.routes, asked);
    if (params) return runEdge(site, call, edge, params, (next) => serve(site, next, index + 1));
  }
  for (const each of site.functions) {
    const params = each.handle && matchRoutes(each.routes, asked);
    if (params) return runFunction(site, call, each, params);
  }
  return forward(call.request, site.begin.nextOrigin, {
    [internalFields.key]: (workerData as WorkerData).key,
    [internalFields.url]: call.request.url,
    [internalFields.address]: call.address,
  });
}

async function runEdge(
  site: Site,
  call: Call,
  { name, handle, onError }: EdgeFunction,
  params: Record<string, string>,
  goOn: (call: Call) => Promise<Response>,
): Promise<Response> {
  const context = {
    ...contextOf(site, call, params),
    next: (first?: unknown) => goOn(first instanceof Request ? { ...call, request: first } : call),
  };
  try {
    const store = { context: null, identity: undefined, reachedBackend: false };
    const answer = await calls.run(store, async () => handle(call.request, context));
    if (answer === undefined) return await goOn(call);
    if (answer instanceof URL) return await goOn({ ...call, request: new Request(answer, call.request) });
    const response = asResponse(answer);
    return store.reachedBackend ? markOfBackend(response) : response;
  } catch (error) {
    console.error(`Edge function ${name}:`, error);
    return onError === 'bypass' && !call.request.bodyUsed ? goOn(call) : failed(site, name, error);
  }
}

async function runFunction(
  site: Site,
  call: Call,
  { name, handle }: SiteFunction,
  params: Record<string, string>,
): Promise<Response> {
  const context = contextOf(site, call, params);
  try {
    const store = { context, identity: site.begin.identityContext };
    return asResponse(await calls.run(store, async () => handle?.(call.request, context)));
  } catch (error) {
    console.error(`Function ${name}:`, error);
    return failed(site, name, error);
  }
}

function dispatchEvent(site: Site, call: Call, name: string): Promise<Response> {
  const { events = {} } = site.functions.find((each) => each.name === name) ?? {};
  const store = { context: contextOf(site, call, {}), identity: site.begin.identityContext };
  return calls.run(store, () => handEvent(events, call.request));
}

function asResponse(answer: unknown): Response {
  if (answer instanceof Response) return answer;
  if (answer === undefined) return new Response(null, { status: 204 });
  throw new TypeError('It answered with something else than a Response.');
}

/** Only a refusal: others are handed on as they are. */
function markOfBackend(response: Response): Response {
  if (response.status < 400) return response;
  const marked = new Response(response.body, response);
  marked.headers.set(internalFields.ofBackend, 'true');
  return marked;
}

function failed({ begin }: Site, name: string, error: unknown): Response {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = begin.exposeErrors ? `${name} failed: ${told}\n` : `${name} failed; the log says why.\n`;
  return new Response(text, { status: 500 });
}

await run(workerData as WorkerData);

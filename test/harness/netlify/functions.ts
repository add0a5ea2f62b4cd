import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type DevEventHandler, FileWatcher, Reactive, shouldBase64Encode } from '@netlify/dev-utils';
import { FunctionsHandler } from '@netlify/functions-dev';
import { type Call, cleanResponse, limitConcurrency } from './call.ts';
import { findPackage } from './deno.ts';

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

/** How long an answer that a worker sent in its last moments may take to arrive, in milliseconds. */
const lastWordsMilliseconds = 1000;

export interface WorkerTracker {
  /** Runs a task; it fails when a worker started by it has ended and the task has not, soon after. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Ends the workers that still live, and fails the tasks that wait for them. */
  close(): Promise<void>;
}

/**
 * Netlify's emulator starts one worker a call and loses sight of it: one that dies without a word leaves its
 * caller waiting for ever, and one that holds a socket open outlives the emulator. This keeps sight of them.
 */
export function trackWorkers(): WorkerTracker {
  const tasks = new AsyncLocalStorage<(reason: Error) => void>();
  const live = new Set<Worker>();
  let isClosing = false;

  const onWorker = (worker: Worker) => {
    const fail = tasks.getStore();
    if (!fail) return;
    live.add(worker);
    worker.once('exit', (code) => {
      live.delete(worker);
      if (isClosing) fail(new Error('the emulator was closed'));
      else {
        const report = () => fail(new Error(`it ended, with exit code ${code}, before it answered`));
        setTimeout(report, lastWordsMilliseconds).unref();
      }
    });
  };
  process.on('worker', onWorker);

  return {
    run(task) {
      return new Promise((resolve, reject) => {
        tasks.run(reject, task).then(resolve, reject);
      });
    },
    async close() {
      isClosing = true;
      process.off('worker', onWorker);
      await Promise.all([...live].map((worker) => worker.terminate()));
    },
  };
}

/** A function as Netlify's registry hands it to listeners, as of @netlify/functions-dev 2.0.8. */
interface BuiltFunction {
  readonly name: string;
  readonly mainFile: string;
  readonly buildError: Error | null;
  /** Without a build folder it calls what was built last. */
  invoke(call: { request: Request }): Promise<Response>;
}

type RegistryEvent = Parameters<DevEventHandler>[0] & { function?: BuiltFunction };

export interface Builds {
  readonly onEvent: DevEventHandler;
  /**
   * Resolves when each function known by now has been built.
   *
   * @throws Error that names the functions which cannot be built
   */
  ready(): Promise<void>;
  get(name: string): BuiltFunction | undefined;
}

/** Follows the registry's events, which tell what is being built and how that went. */
export function watchBuilds(log: (line: string) => void): Builds {
  const functions = new Map<string, BuiltFunction>();
  const pending = new Set<string>();
  let failures: string[] = [];
  let isReady = false;
  let settle: (() => void) | undefined;

  return {
    onEvent(event) {
      const built = (event as RegistryEvent).function;
      if (!built) return;
      if (event.name === 'FunctionRegisteredEvent') {
        functions.set(built.name, built);
        if (!isReady) pending.add(built.name);
      }
      if (event.name === 'FunctionBuildErrorEvent') {
        const line = `The function ${built.mainFile} cannot be built: ${built.buildError?.message}`;
        if (isReady) log(line);
        else failures.push(line);
      }
      if (event.name === 'FunctionBuildErrorEvent' || event.name === 'FunctionLoadedEvent') {
        pending.delete(built.name);
        if (pending.size === 0) settle?.();
      }
    },

    async ready() {
      if (pending.size > 0)
        await new Promise<void>((resolve) => {
          settle = resolve;
        });
      isReady = true;
      if (failures.length > 0) throw new Error(failures.join('\n'));
      failures = [];
    },

    get: (name) => functions.get(name),
  };
}

/**
 * Puts variables into this process's environment, from which each function's worker takes its copy.
 *
 * @returns a function that puts back what was there before
 */
export function provideEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { assertOptions, assertPort, OptionsError } from '../assertOptions.ts';
import { readSiteConfig, type SiteConfig } from '../frontend/siteConfig.ts';
import type { RequestEntry } from '../server/requestLog.ts';
import type { DevServer, Reload } from '../server/serveSite.ts';
import { originRule, readOrigin } from '../server/settings.ts';
import { type DevServerOptions, isHttpUrl, startDevServer } from '../server/start.ts';
import {
  assertDjango,
  type BackendSecret,
  type DjangoSetup,
  describeDjango,
  type StartedDjango,
  startRunserver,
} from './django.ts';
import type { Guarded } from './guarded.ts';
import { choosePages, type PagesChoice, type StartedPages, startPages } from './pages.ts';

export interface DevSessionOptions
  extends Pick<DevServerOptions, 'root' | 'port' | 'host' | 'publicUrl' | 'redisBackend' | 'exposeErrors'> {
  /** The command that serves the pages, word by word. Default: see `choosePages`. */
  command?: readonly string[] | undefined;
  /** Where the pages are served: an http origin. Default: found in what the command prints. */
  target?: string | undefined;
  /** The folder of the pages, in place of a command. */
  publish?: string | undefined;
  /** The URL of the backend behind the gate. Default: Django's where it is given, else the variables that the policy names. */
  upstream?: string | undefined;
  /** The folder of a Django project: the settings that it needs are printed. */
  django?: string | undefined;
  /** Whether to start that project, too. */
  runserver?: boolean | undefined;
  /** The environment, of the site and of the command. Default: empty. The project's `.env` files are read besides. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** Ends the start, too, where a command never serves anything; what was started until then is gone. */
  signal?: AbortSignal | undefined;
  /** Called for each event: a request, a reload, a line of output, a notice. */
  onEvent?: ((event: DevEvent) => void) | undefined;
}

/** What happens while a session runs. */
export type DevEvent =
  | ({ kind: 'request' } & RequestEntry)
  | ({ kind: 'reload' } & Reload)
  /** A line that the site's functions, the command of its pages or Django wrote. */
  | { kind: 'line'; from: 'functions' | 'pages' | 'django'; line: string; stream: 'stdout' | 'stderr' }
  /** Something for people to know. */
  | { kind: 'notice'; text: string };

/** A running dev server with the site's own dev command and backend. */
export interface DevSession {
  /** Where to open the site. */
  url: string;
  /** The issuer of its passes, which backends have to name. */
  issuer: string;
  pages: PagesChoice;
  /** One line for each part, for people. */
  parts: readonly string[];
  /** What each backend has to know. */
  backends: readonly BackendSecret[];
  django: DjangoSetup | undefined;
  server: DevServer;
  /** Settles when the command of the pages, or Django, ended by itself: a sentence for people. */
  readonly ended: Promise<string>;
  /** Ends everything that was started; resolves when it is gone. May be called twice. */
  close(): Promise<void>;
}

const optionNames = Object.keys({
  root: true,
  port: true,
  host: true,
  publicUrl: true,
  redisBackend: true,
  exposeErrors: true,
  command: true,
  target: true,
  publish: true,
  upstream: true,
  django: true,
  runserver: true,
  variables: true,
  signal: true,
  onEvent: true,
} satisfies Record<keyof DevSessionOptions, true>);

const djangoUrl = 'http://127.0.0.1:8000';

/** After this long, a command that prints no address is talked about. */
const silenceMilliseconds = 15_000;

/** What serves a folder without policy and functions looks like success, and answers no call. */
function assertSite(root: string, { functions, edgeFunctions }: SiteConfig): void {
  if ([join(root, 'daypass.config.ts'), functions, edgeFunctions].some((path) => existsSync(path))) return;
  const missing = `there is no daypass.config.ts and no function in ${root}`;
  throw new OptionsError([
    `startDevSession: root must be a site: ${missing}. Run npx daypass init there, or name another folder.`,
  ]);
}

/**
 * What `daypass dev` starts: a site as `startDevServer` serves it, in front of the site's own dev command, with Django behind
 * the gate where it is asked for, and restarted functions when their files change.
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 * @throws {Error} the port is in use; the policy or a function cannot be loaded; a command ended before it served
 * @example
 * ```ts
 * import { startDevSession } from 'daypass-dev';
 *
 * const session = await startDevSession({ root: '.', command: ['vite'], upstream: 'http://127.0.0.1:8000' });
 * console.log(session.url, session.issuer);
 * await session.close();
 * ```
 */
export async function startDevSession(options: DevSessionOptions): Promise<DevSession> {
  const { onEvent = () => undefined, ...checked } = checkOptions(options);
  const root = realpathSync(resolve(checked.root));
  const django = checked.django === undefined ? undefined : resolve(checked.django);
  if (django !== undefined) assertDjango(django);
  const env = { ...checked.variables };
  const publish = checked.publish === undefined ? undefined : resolve(checked.publish);
  const config = readSiteConfig(root, publish);
  assertSite(root, config);
  const { variables, notices } = readVariables(root, env);
  for (const text of notices) onEvent({ kind: 'notice', text });
  const pages = choosePages(root, config, { ...checked, publish });
  const upstream = checked.upstream ?? (django === undefined ? undefined : djangoUrl);

  const started: { pages?: StartedPages; server?: DevServer; django?: StartedDjango } = {};
  let isClosing = false;
  const close = async () => {
    isClosing = true;
    // The commands first: what they still ask is answered.
    await Promise.all([started.pages?.stop(), started.django?.stop()]);
    await started.server?.close();
  };
  // Who waits for one of the commands then hears that it has ended.
  const abort = () => void close();
  checked.signal?.addEventListener('abort', abort, { once: true });
  const tell = (from: 'functions' | 'pages' | 'django') => (line: string, stream: 'stdout' | 'stderr') =>
    onEvent({ kind: 'line', from, line, stream });
  try {
    if (pages.kind === 'command') {
      started.pages = await startPages(pages, { cwd: root, env, onLine: tell('pages') });
    }
    const server = await startDevServer({
      root,
      ...(checked.port !== undefined && { port: checked.port }),
      ...(checked.host !== undefined && { host: checked.host }),
      ...(checked.redisBackend && { redisBackend: checked.redisBackend }),
      publicUrl: checked.publicUrl,
      exposeErrors: checked.exposeErrors,
      publish: pages.kind === 'folder' ? pages.folder : publish,
      variables,
      // Vite and Astro hand out any file of a project but those that are called so.
      secretsFile: join(root, '.netlify/daypass-dev/.env.secrets.json'),
      upstream,
      target: pages.kind === 'target' ? pages.target : started.pages?.target,
      output: tell('functions'),
      onRequest: (entry) => onEvent({ kind: 'request', ...entry }),
      onReload: (reload) => onEvent({ kind: 'reload', ...reload }),
    });
    started.server = server;
    for (const text of [...server.notes, ...missingUpstreams(server)]) onEvent({ kind: 'notice', text });
    const backends = backendsOf(server, variables);
    const [backend] = backends;
    const setup =
      django !== undefined && backend ? describeDjango(django, backend, server.publicUrl) : undefined;
    if (django !== undefined && checked.runserver && backend && upstream !== undefined) {
      const secrets = { DAYPASS_SECRET: backend.secret, DAYPASS_ISSUER: server.publicUrl };
      const running = { env, onLine: tell('django') };
      started.django = await startRunserver(django, new URL(upstream), secrets, running);
      // What was stopped while it was being started.
      if (isClosing) await started.django.stop();
      await started.django.served;
    }
    const target = await untilServed(started.pages, onEvent);
    checked.signal?.removeEventListener('abort', abort);
    return {
      url: server.url,
      issuer: server.publicUrl,
      pages: pages.kind === 'command' ? { ...pages, target } : pages,
      parts: server.parts.description,
      backends,
      django: setup,
      server,
      ended: Promise.race([
        told(started.pages, 'The command of the pages'),
        told(started.django, 'manage.py runserver'),
      ]),
      close,
    };
  } catch (error) {
    checked.signal?.removeEventListener('abort', abort);
    await close();
    throw error;
  }

  function told(command: Guarded | undefined, name: string): Promise<string> {
    return new Promise((resolve) => {
      command?.ended.then((code) => !isClosing && resolve(`${name} ended with ${code}.`));
    });
  }
}

function checkOptions(options: DevSessionOptions): DevSessionOptions {
  assertOptions('startDevSession', options, optionNames);
  const { root, port = 0, publish, command, django, runserver, upstream, publicUrl } = options;
  const target =
    options.target !== undefined && /^\d+$/.test(options.target)
      ? `http://localhost:${options.target}`
      : options.target;
  assertPort('startDevSession', port);
  const problems: string[] = [];
  if (typeof root !== 'string' || !existsSync(root)) problems.push('root must be the folder of a site');
  if (target !== undefined && !(isHttpUrl(target) && target.startsWith('http:'))) {
    problems.push('target must be the port or the http URL of a dev server');
  }
  if (upstream !== undefined && !isHttpUrl(upstream)) problems.push('upstream must be an http(s) URL');
  if (publicUrl !== undefined && readOrigin(publicUrl) === undefined)
    problems.push(`publicUrl ${originRule}`);
  if (publish !== undefined && (command?.length || target !== undefined)) {
    problems.push('publish is a folder in place of a dev command: leave out either');
  }
  if (publish !== undefined && !existsSync(publish)) problems.push(`publish: there is no ${publish}`);
  if (runserver && django === undefined) problems.push('runserver needs django, the folder of the project');
  if (problems.length > 0) throw new OptionsError(problems.map((problem) => `startDevSession: ${problem}.`));
  return { ...options, target };
}

/** Later ones prevail, and the environment over all. */
const envFiles = ['.env', '.env.development', '.env.local', '.env.development.local'];

/** Variables that replace a stand-in with the real service. */
const partNames = /^(IDENTITY_\w+|UPSTASH_REDIS_REST_\w+|REDIS_URL|PORT|HOST|PUBLIC_URL|URL)$/;

/**
 * The variables of the site. Real parts that a file names are left alone, since that file is often a copy of what the
 * deployed site has: only the environment itself chooses them.
 */
function readVariables(root: string, env: Readonly<Record<string, string | undefined>>) {
  const fromFiles: Record<string, string | undefined> = {};
  const notices: string[] = [];
  for (const name of envFiles) {
    const file = join(root, name);
    if (!existsSync(file)) continue;
    const values = Object.entries(parseEnv(readFileSync(file, 'utf8')));
    const left = values.filter(([variable]) => partNames.test(variable) && env[variable] === undefined);
    Object.assign(fromFiles, Object.fromEntries(values.filter((entry) => !left.includes(entry))));
    if (left.length > 0) {
      const names = left
        .map(([variable]) => variable)
        .sort()
        .join(', ');
      notices.push(
        `${names} of ${name}: not used here, where stand-ins run. To use them, pass --env-file ${name}.`,
      );
    }
  }
  return { variables: { ...fromFiles, ...env }, notices };
}

function backendsOf(server: DevServer, given: Readonly<Record<string, string | undefined>>): BackendSecret[] {
  const environment = server.environment();
  return Object.entries(server.policy().audiences).map(([audience, { secretVariable }]) => ({
    audience,
    variable: secretVariable,
    secret: environment[secretVariable] ?? '',
    isMade: !given[secretVariable],
  }));
}

function missingUpstreams(server: DevServer): string[] {
  const environment = server.environment();
  const missing = server.policy().routes.filter(({ upstream }) => !environment[upstream]);
  return [...new Set(missing.map(({ upstream }) => upstream))].map(
    (name) =>
      `No backend is named by ${name}: pass --upstream <url>, or set the variable. Until then the gate refuses all calls.`,
  );
}

/** Waits for the command's dev server. */
async function untilServed(
  pages: StartedPages | undefined,
  onEvent: (event: DevEvent) => void,
): Promise<string | undefined> {
  if (!pages) return undefined;
  const text =
    'Still waiting for the dev command to say where it listens. If it has started, name its port: --target <port>.';
  const timer = setTimeout(() => onEvent({ kind: 'notice', text }), silenceMilliseconds);
  try {
    return await pages.target;
  } finally {
    clearTimeout(timer);
  }
}

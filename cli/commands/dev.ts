import { resolve } from 'node:path';
import type { DevEvent, DevSessionOptions } from '../../dev/index.ts';
import { CommandError, defineCommand, type ExitCode, UsageError, version } from '../command.ts';
import { type DevPackage, loadDevPackage } from '../dev/devPackage.ts';
import { createEventFormat, describeReady, formatReady, toJsonLine } from '../dev/report.ts';
import type { Io } from '../output.ts';
import { readWholeNumber } from '../site.ts';

/** What the command line says. `load` and `stop` are for tests. */
export interface DevOptions
  extends Omit<
    DevSessionOptions,
    'root' | 'onEvent' | 'signal' | 'variables' | 'redisBackend' | 'host' | 'port'
  > {
  /** The site's folder, relative to the one in which the command is called. Default: that one. */
  root?: string | undefined;
  port?: number | undefined;
  /** Adds `daypass-dev` without a question where it is missing. */
  yes?: boolean | undefined;
  isJson?: boolean | undefined;
  /** Default: {@link loadDevPackage}. */
  load?:
    | ((...call: Parameters<typeof loadDevPackage>) => Promise<Pick<DevPackage, 'startDevSession'>>)
    | undefined;
  /** Ends the server. Default: SIGINT, SIGTERM or SIGHUP of this process, or the end of the npm that started it. */
  stop?: AbortSignal | undefined;
}

const defaultPort = 8888;

/**
 * Serves the site on this machine until it is stopped.
 * @returns 0 once it was stopped; 1 when the dev command or Django ended by itself
 * @throws {UsageError} an option is wrong, or `daypass-dev` is missing and there is no terminal to ask at
 * @throws {CommandError} `dev_package_missing`, or `dev_failed`: what could not be started, and why
 */
export async function dev(options: DevOptions, io: Io): Promise<ExitCode> {
  const {
    root: given = '.',
    port,
    yes = false,
    isJson = false,
    load = loadDevPackage,
    stop,
    ...rest
  } = options;
  const root = resolve(io.cwd, given);
  const stopped = stop ?? stopSignal(io);
  const format = createEventFormat(io);
  const show = (event: DevEvent) => {
    if (isJson) io.writeOut(toJsonLine(event));
    else if (event.kind === 'line' && event.stream === 'stderr') io.writeError(format(event));
    else io.writeOut(format(event));
  };
  const { startDevSession } = await load(root, { version, yes, io });
  const start = () =>
    startDevSession({
      ...rest,
      root,
      port: port ?? readPort(io),
      ...(rest.django !== undefined && { django: resolve(io.cwd, rest.django) }),
      ...(rest.publish !== undefined && { publish: resolve(io.cwd, rest.publish) }),
      ...(io.env.HOST && { host: io.env.HOST }),
      publicUrl: rest.publicUrl ?? (io.env.PUBLIC_URL || undefined),
      variables: io.hasColours ? { FORCE_COLOR: '1', ...io.env } : io.env,
      signal: stopped,
      onEvent: show,
    });
  const session = await start().catch((error: unknown) => {
    // Whatever follows from being stopped is not a failure.
    if (!stopped.aborted) throw toCommandError(error, options);
  });
  if (!session) return 0;
  try {
    io.writeOut(isJson ? toJsonLine(describeReady(session)) : formatReady(session, io));
    const ended = await Promise.race([session.ended, whenAborted(stopped)]);
    if (ended === undefined) return 0;
    show({ kind: 'notice', text: ended });
    return 1;
  } finally {
    await session.close();
  }
}

/** Why the session did not start, with options named as the command line has them. */
function toCommandError(error: unknown, { publicUrl }: DevOptions): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'invalid_options') {
    const remedy = code === 'EADDRINUSE' ? ' Or pass --port <number>.' : '';
    return new CommandError('dev_failed', `${message}${remedy}`);
  }
  const rename = (name: string) => {
    if (name === 'publicUrl' && publicUrl === undefined) return 'The variable PUBLIC_URL';
    return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  };
  return new UsageError(message.replaceAll(/^startDevSession: (\w+)/gm, (_, name: string) => rename(name)));
}

function readPort({ env }: Io): number {
  return env.PORT ? readWholeNumber('The variable PORT', env.PORT, [0, 65_535]) : defaultPort;
}

/**
 * Aborted when somebody wants this process to end. npm runs a command through a shell, which does not hand a signal on: when
 * npm is gone, that counts as one.
 */
function stopSignal({ env }: Io): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  // Not `once`: a user who presses Ctrl-C twice must not end this process before its children.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (env.npm_lifecycle_event || env.npm_execpath) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop(), 500).unref();
  }
  return controller.signal;
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

export const devCommand = defineCommand({
  name: 'dev',
  summary: 'Serve the site on this machine: Identity, functions, gate and policy, before your dev command',
  positionals: '[-- command…]',
  options: {
    root: { type: 'string', placeholder: '<folder>', description: 'The site. Default: this folder' },
    upstream: {
      type: 'string',
      short: 'u',
      placeholder: '<url>',
      description: 'The backend behind the gate. Default: the variables that the policy names',
    },
    django: {
      type: 'string',
      placeholder: '<folder>',
      description: 'A Django project as the backend: shows the settings that it needs',
    },
    runserver: { type: 'boolean', description: 'Start that Django project, too' },
    target: {
      type: 'string',
      placeholder: '<port or url>',
      description: 'Where your dev command listens. Default: what it prints',
    },
    publish: {
      type: 'string',
      placeholder: '<folder>',
      description: 'Serve the pages of this folder, and run no dev command',
    },
    port: {
      type: 'string',
      short: 'p',
      placeholder: '<number>',
      description: `Where to listen. Default: the variable PORT, else ${defaultPort}`,
    },
    'public-url': {
      type: 'string',
      placeholder: '<origin>',
      description: 'Where visitors see the site, when a tunnel leads here',
    },
    'expose-errors': {
      type: 'boolean',
      description: 'Answers say what a function threw, and what to do about a refusal',
    },
    yes: { type: 'boolean', short: 'y', description: 'Add daypass-dev without a question if it is missing' },
  },
  variables: {
    DAYPASS_UPSTREAM: 'The backend, where --upstream names none; or what the policy names',
    DAYPASS_SECRET: 'The secret of site and backend, or what the policy names. Default: one is made and kept',
    DAYPASS_PRIVATE_SECRET: 'The secret of the site alone. Default: one is made and kept',
    TURNSTILE_SECRET_KEY: 'With proof turnstile: the secret key of the widget',
    PORT: 'Where to listen, where --port is not given',
    HOST: 'The IP address to listen at. Default: 127.0.0.1',
    PUBLIC_URL: 'In place of --public-url',
    IDENTITY_URL: 'With IDENTITY_OPERATOR_TOKEN: a GoTrue in place of the stand-in',
    UPSTASH_REDIS_REST_URL: 'With UPSTASH_REDIS_REST_TOKEN: a Redis in place of the stand-in',
    REDIS_URL: 'A Redis behind the stand-in of Upstash',
  },
  examples: [
    'daypass dev --upstream http://localhost:3000',
    'daypass dev --django ../backend --runserver',
    'daypass dev -- vite --host',
    'daypass dev --publish dist',
  ],
  run({ values, positionals, io, isJson }) {
    const { port, 'public-url': publicUrl, 'expose-errors': exposeErrors, ...others } = values;
    return dev(
      {
        ...others,
        command: positionals,
        port: port === undefined ? undefined : readWholeNumber('--port', port, [0, 65_535]),
        publicUrl,
        exposeErrors,
        isJson,
      },
      io,
    );
  },
});

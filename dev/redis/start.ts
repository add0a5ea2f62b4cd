import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { assertOptions, assertPort, OptionsError } from '../assertOptions.ts';
import { listen } from '../listen.ts';
import {
  type Backend,
  BackendAway,
  type Command,
  parseCommand,
  parseCommands,
  parsePath,
  type Reply,
  refuseCommand,
  UnreadableCommand,
} from './command.ts';
import { type BackendChoice, openBackend } from './redisProcess.ts';

export interface DevRedisOptions {
  /** The port on 127.0.0.1; 0, the default, takes a free one. */
  port?: number;
  /** What callers send as bearer: visible ASCII. Random by default. */
  token?: string;
  /** A Redis to use, as `redis://` or `rediss://` URL. */
  redisUrl?: string | undefined;
  /** Which Redis to use; `auto` by default, see `BackendChoice`. */
  backend?: BackendChoice;
}

export interface DevRedis {
  /** The value for UPSTASH_REDIS_REST_URL. */
  readonly url: string;
  /** The value for UPSTASH_REDIS_REST_TOKEN. */
  readonly token: string;
  /** Which Redis is behind it, for people. */
  readonly backend: string;
  /** The id of the redis-server process that this bridge started; undefined when it started none. */
  readonly processId: number | undefined;
  /** HTTP requests taken so far, refused ones too. */
  readonly requests: number;
  /** Redis commands in those requests, each item of a pipeline or transaction counted. */
  readonly commands: number;
  /** Misbehaves from the next request on; `undefined` ends it. */
  setFault(fault: BridgeFault | undefined): void;
  /** Stops listening, cuts what is under way, ends the Redis that it started. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 that speaks Upstash's REST protocol over a real Redis or one in memory.
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 * @throws {Error} the port is in use (code `EADDRINUSE`), or the Redis asked for is not there
 * @example
 * ```ts
 * import { startDevRedis } from 'daypass-dev';
 * import { Redis } from '@upstash/redis';
 *
 * const server = await startDevRedis({ backend: 'memory' });
 * const redis = new Redis({ url: server.url, token: server.token });
 * await redis.set('greeting', 'hello');
 * await server.close();
 * ```
 */
export async function startDevRedis(options: DevRedisOptions = {}): Promise<DevRedis> {
  assertOptions('startDevRedis', options, ['port', 'token', 'redisUrl', 'backend']);
  const { port = 0, token = randomBytes(24).toString('base64url') } = options;
  assertPort('startDevRedis', port);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new OptionsError(['startDevRedis: token must be visible ASCII without spaces.']);
  }

  const backend = await openBackend(options.backend ?? 'auto', options.redisUrl);
  const state: BridgeState = { requests: 0, commands: 0, fault: undefined };
  const app = createApp(backend, token, state);
  const listening = await listen((request) => app.fetch(request), { port }).catch(async (error: unknown) => {
    await backend.close();
    throw error;
  });
  let closed: Promise<void> | undefined;
  const close = async () => {
    await listening.close();
    await backend.close();
  };
  return {
    url: listening.url,
    token,
    backend: backend.words,
    processId: backend.processId,
    get requests() {
      return state.requests;
    },
    get commands() {
      return state.commands;
    },
    setFault(fault) {
      state.fault = fault;
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** What changes while a bridge runs. */
export interface BridgeState {
  requests: number;
  commands: number;
  fault: BridgeFault | undefined;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT'];

/** Upstash's REST protocol over a backend (Upstash, "REST API"). */
export function createApp(backend: Backend, token: string, state: BridgeState): Hono {
  const app = new Hono();
  const authorization = `Bearer ${token}`;

  app.use(async (context, next) => {
    state.requests += 1;
    const { fault } = state;
    if (fault?.kind === 'hang') return new Promise<never>(() => undefined);
    if (fault?.kind === 'bad-gateway') return context.text('Bad Gateway', 502);
    if (fault?.kind === 'rubbish') return context.html('<p>It works!</p>');
    if (context.req.header('authorization') !== authorization) {
      return context.json({ error: 'WRONGPASS invalid or missing auth token' }, 401);
    }
    if (!methods.includes(context.req.method)) return context.body(null, 405, { allow: methods.join(', ') });
    await next();
    if (fault?.kind === 'slow') await delay(fault.delayMilliseconds);
    return undefined;
  });

  app.all('/', async (context) => answerOne(context, parseCommand(await context.req.text())));
  app.all('/pipeline', async (context) => {
    const replies = await run(parseCommands(await context.req.text(), 'pipeline'));
    return context.json(replies.map((reply) => toItem(reply, context)));
  });
  app.all('/multi-exec', async (context) => {
    const commands = parseCommands(await context.req.text(), 'transaction');
    const refusal = commands.map(refuseCommand).find((reason) => reason !== undefined);
    state.commands += commands.length;
    const replies = refusal ?? (await backend.transact(commands));
    if (replies instanceof Error) return context.json({ error: replies.message }, 400);
    return context.json(replies.map((reply) => toItem(reply, context)));
  });
  app.all('*', async (context) => {
    const { pathname, search } = new URL(context.req.url);
    return answerOne(context, parsePath(pathname, search, await context.req.text()));
  });

  app.onError((error, context) => {
    if (error instanceof UnreadableCommand) return context.json({ error: error.message }, 400);
    if (error instanceof BackendAway)
      return context.json({ error: `ERR Redis is away: ${error.message}` }, 503);
    throw error;
  });
  return app;

  async function answerOne(context: Context, command: Command): Promise<Response> {
    const [reply = null] = await run([command]);
    return context.json(toItem(reply, context), reply instanceof Error ? 400 : 200);
  }

  async function run(commands: Command[]): Promise<Reply[]> {
    state.commands += commands.length;
    const refusals = commands.map(refuseCommand);
    const replies = await backend.run(commands.filter((_, index) => refusals[index] === undefined));
    return refusals.map((refusal) => refusal ?? (replies.shift() as Reply));
  }
}

function toItem(reply: Reply, context: Context): { result: unknown } | { error: string } {
  if (reply instanceof Error) return { error: reply.message };
  return { result: encodeReply(reply, context.req.header('upstash-encoding') === 'base64') };
}

/**
 * How the bridge misbehaves, for tests of what depends on it:
 * - `hang`: the request is taken and never answered, and its commands do not run;
 * - `bad-gateway`: 502, as from a proxy whose upstream is gone, and the commands do not run;
 * - `rubbish`: 200 with a body that is no JSON, and the commands do not run;
 * - `slow`: the commands run at once, and their answer is held back, so that a caller may give up on what was done.
 */
export type BridgeFault =
  | { kind: 'hang' }
  | { kind: 'bad-gateway' }
  | { kind: 'rubbish' }
  | { kind: 'slow'; delayMilliseconds: number };

/**
 * A reply as the REST API puts it into JSON. Bytes that are no UTF-8 become U+FFFD, unless the caller asked for
 * base64: then every string is encoded, save the bare `OK` (Upstash, "Base64 Encoded Responses").
 */
export function encodeReply(reply: Reply, base64: boolean): unknown {
  if (isOk(reply)) return 'OK';
  return encodeItem(reply, base64);
}

// Inside an array OK is encoded like everything else: the SDK decodes each string that it finds there.
function encodeItem(reply: Reply, base64: boolean): unknown {
  if (reply === null || typeof reply === 'number') return reply;
  if (Array.isArray(reply)) return reply.map((item) => encodeItem(item, base64));
  const bytes = Buffer.from(reply instanceof Error ? reply.message : reply);
  return bytes.toString(base64 ? 'base64' : 'utf8');
}

function isOk(reply: Reply): boolean {
  if (reply instanceof Uint8Array) return reply.length === 2 && reply[0] === 0x4f && reply[1] === 0x4b;
  return reply === 'OK';
}

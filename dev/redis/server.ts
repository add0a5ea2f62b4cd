import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { type Backend, BackendAway, type Command, hashScript, type Reply } from './command.ts';

const readyMilliseconds = 3_000;

// A command is sent once or not at all: what was under way when the connection broke is an error, never a second try.
const options: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt) => Math.min(attempt * 20, 500),
};

/** A connection to a real Redis, which gave this as its version. */
export type ConnectedRedis = Pick<Backend, 'run' | 'transact' | 'close'> & { version: string };

/**
 * Connects to a real Redis.
 * @param target a `redis:` or `rediss:` URL, or the path of a socket
 * @param gone settles when waiting for Redis has become pointless
 * @throws Error when Redis does not answer within 3 s; the reason is Redis's or the system's, without the URL
 */
export async function connectRedis(target: string, gone?: Promise<Error>): Promise<ConnectedRedis> {
  const redis = new Redis(target, options);
  await becomeReady(redis, gone);
  const version = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'of unknown version';
  const translate = createScriptTranslator();

  return {
    version,
    async run(commands) {
      const translations = commands.map(translate);
      const [only] = translations;
      if (only !== undefined && translations.length === 1) return [await runOne(redis, only)];
      const pipeline = redis.pipeline();
      for (const { command } of translations) pipeline.callBuffer(...toCall(command));
      return readAll(translations, (await pipeline.exec()) ?? []);
    },
    async transact(commands) {
      const translations = commands.map(translate);
      const transaction = redis.multi();
      for (const { command } of translations) transaction.callBuffer(...toCall(command));
      try {
        return readAll(translations, (await transaction.exec()) ?? []);
      } catch (error) {
        return refusalOf(error);
      }
    },
    async close() {
      redis.disconnect();
    },
  };
}

async function becomeReady(redis: Redis, gone?: Promise<Error>): Promise<void> {
  let reason = 'no answer';
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(reason)), readyMilliseconds);
    gone?.then(reject);
    // A server that is only starting refuses connections for a moment: the retry strategy goes on until the
    // deadline. What Redis itself says, of a wrong password say, will not change.
    redis.on('error', (error: Error & { code?: string }) => {
      if (error instanceof ReplyError) reject(error);
      reason = error.code ?? error.message;
    });
  });
  try {
    redis.connect().catch(() => undefined);
    await Promise.race([new Promise((resolve) => redis.once('ready', resolve)), failed]);
  } catch (error) {
    redis.disconnect();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function runOne(redis: Redis, { command, read }: Translation): Promise<Reply> {
  try {
    return read((await redis.callBuffer(...toCall(command))) as Reply);
  } catch (error) {
    return refusalOf(error);
  }
}

function readAll(translations: Translation[], results: [Error | null, unknown][]): Reply[] {
  return translations.map(({ read }, index) => {
    const [error, reply] = results[index] ?? [new Error('no reply'), null];
    return read(error === null ? (reply as Reply) : refusalOf(error));
  });
}

function refusalOf(error: unknown): Error {
  if (error instanceof ReplyError) return error as Error;
  throw new BackendAway(error instanceof Error ? error.message : String(error), { cause: error });
}

// The name stays in upper case: ioredis reshapes the replies of commands that it knows by a lower-case name.
function toCall([name, ...args]: Command): [string, string[]] {
  return [name, args];
}

const upstashFlag = 'allow-key-locking';

/** A command to send in another's place, and how its reply is to be read. */
export interface Translation {
  command: Command;
  read: (reply: Reply) => Reply;
}

/**
 * The script without Upstash's own flag, which a stock Redis refuses. Lines keep their numbers, and other flags
 * their force.
 */
export function withoutUpstashFlag(script: string): string {
  const shebang = /^#!lua[^\n]*/.exec(script)?.[0];
  if (!shebang?.includes(upstashFlag)) return script;
  const flags = (/flags=(\S+)/.exec(shebang)?.[1] ?? '').split(',').filter((flag) => flag !== upstashFlag);
  return (flags.length > 0 ? `#!lua flags=${flags.join(',')}` : '') + script.slice(shebang.length);
}

/**
 * Translates scripts, and the hashes that callers know them by, for a stock Redis. A hash is known from the first
 * EVAL or SCRIPT LOAD of its script; before, and after a SCRIPT FLUSH, Redis itself answers NOSCRIPT.
 */
export function createScriptTranslator(): (command: Command) => Translation {
  const hashes = new Map<string, string>();
  const translated = (hash: string) => hashes.get(hash.toLowerCase()) ?? hash;

  const rewrite = (script: string): string => {
    const rewritten = withoutUpstashFlag(script);
    if (rewritten !== script) hashes.set(hashScript(script), hashScript(rewritten));
    return rewritten;
  };

  return (command) => {
    const [name, first, ...rest] = command;
    if (first === undefined) return { command, read: asIs };
    if (name === 'EVAL' || name === 'EVAL_RO')
      return { command: [name, rewrite(first), ...rest], read: asIs };
    if (name === 'EVALSHA' || name === 'EVALSHA_RO') {
      return { command: [name, translated(first), ...rest], read: asIs };
    }
    if (name !== 'SCRIPT') return { command, read: asIs };
    const subcommand = first.toUpperCase();
    if (subcommand === 'EXISTS') return { command: [name, first, ...rest.map(translated)], read: asIs };
    const [script, ...surplus] = rest;
    if (subcommand !== 'LOAD' || script === undefined) return { command, read: asIs };
    return {
      command: [name, first, rewrite(script), ...surplus],
      read: (reply) => (reply instanceof Error ? reply : hashScript(script)),
    };
  };
}

function asIs(reply: Reply): Reply {
  return reply;
}

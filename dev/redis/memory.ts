import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import RedisMock from 'ioredis-mock';
import type { Backend, Command, Reply } from './command.ts';
import { createScriptRunner } from './memoryScripts.ts';

type Call = (...args: string[]) => Promise<unknown>;

const scriptCommands = new Set(['EVAL', 'EVALSHA', 'SCRIPT']);
// Redis gives these numbers as strings, since they need not be whole.
const textNumbers = new Set(['HINCRBYFLOAT', 'INCRBYFLOAT', 'ZINCRBY', 'ZSCORE']);

/**
 * A Redis in this process's memory, not shared. Commands run in the tick in which they are given, so a
 * transaction is whole by nature. Where it differs from a real Redis: test/dev/redis/memory.test.ts.
 */
export function openMemory(): Pick<Backend, 'run' | 'transact' | 'close'> {
  // ioredis-mock keeps one data set for each host, port and number.
  const mock = new RedisMock({ host: `daypass-${randomUUID()}` });
  const calls = collectCalls(mock);
  const runScript = createScriptRunner((...args) => (mock.eval as Call)(...args));

  const runOne = async (command: Command): Promise<Reply> => {
    const [name] = command;
    if (scriptCommands.has(name)) return runScript(command);
    const call = calls.get(name);
    if (call === undefined) return notAvailable(name);
    const args = callArguments(command);
    if (args instanceof Error) return args;
    try {
      return toReply(await call(...args), textNumbers.has(name));
    } catch (error) {
      return toRefusal(name, error as Error);
    }
  };

  return {
    run: (commands) => Promise.all(commands.map(runOne)),
    async transact(commands) {
      if (commands.some(([name]) => !calls.has(name) && !scriptCommands.has(name))) {
        return new Error('EXECABORT Transaction discarded because of previous errors.');
      }
      return Promise.all(commands.map(runOne));
    },
    async close() {
      await mock.flushall();
      mock.disconnect();
    },
  };
}

// Commands that ioredis-mock has are enumerable on it; those that it only knows the names of are not.
function collectCalls(mock: Redis): Map<string, Call> {
  const own = new Set(Object.keys(mock));
  const names = Redis.prototype.getBuiltinCommands().filter((name) => own.has(name));
  return new Map(
    names.map((name) => [name.toUpperCase(), (mock as unknown as Record<string, Call>)[name] as Call]),
  );
}

function notAvailable(name: string): Error {
  return new Error(`ERR Command is not available: '${name}' in the in-memory Redis`);
}

function toRefusal(name: string, error: Error): Error {
  if (/^[A-Z]{3,} /.test(error.message)) return new Error(error.message);
  return new Error(`ERR the in-memory Redis could not run ${name}: ${error.message}`);
}

function toReply(value: unknown, asText: boolean): Reply {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return new Error('ERR value is not an integer or out of range');
    return asText ? String(value) : value;
  }
  const items = Array.isArray(value) ? value : Object.entries(value).flat();
  return items.map((item) => toReply(item, asText));
}

// ioredis-mock reads option words in upper case only, knows SET's in one order only, and passes over what it does not
// know. Otherwise `SET key value nx ex 10` would be an unconditional SET without a TTL.

/** Where a command's option words begin, counted without its name; not for SET, which is read whole. */
const optionsFrom: Record<string, number> = {
  GETEX: 1,
  HRANDFIELD: 2,
  HSCAN: 2,
  LINSERT: 1,
  LMOVE: 2,
  LPOS: 2,
  SCAN: 1,
  SSCAN: 2,
  XRANGE: 3,
  XREAD: 0,
  XREVRANGE: 3,
  ZADD: 1,
  ZRANGE: 3,
  ZRANGEBYLEX: 3,
  ZRANGEBYSCORE: 3,
  ZREVRANGE: 3,
  ZREVRANGEBYLEX: 3,
  ZREVRANGEBYSCORE: 3,
  ZSCAN: 2,
};

/** Option words, with how many arguments belong to each. */
const optionWords: Record<string, number> = {
  ...{ NX: 0, XX: 0, GT: 0, LT: 0, CH: 0, INCR: 0, PERSIST: 0, EX: 1, PX: 1, EXAT: 1, PXAT: 1 },
  ...{ BYSCORE: 0, BYLEX: 0, REV: 0, WITHSCORES: 0, WITHVALUES: 0, LIMIT: 2, MATCH: 1, COUNT: 1, TYPE: 1 },
  ...{ RANK: 1, MAXLEN: 1, LEFT: 0, RIGHT: 0, BEFORE: 2, AFTER: 2, STREAMS: Number.POSITIVE_INFINITY },
};

const expiryWords = new Set(['EX', 'PX', 'EXAT', 'PXAT']);
const expireCommands = new Set(['EXPIRE', 'EXPIREAT', 'PEXPIRE', 'PEXPIREAT']);

/** The arguments as ioredis-mock understands them, or the refusal of what it would misunderstand. */
export function callArguments([name, ...args]: Command): string[] | Error {
  if (name === 'SET') return setArguments(args);
  if (expireCommands.has(name)) return expireArguments(name, args);
  const from = optionsFrom[name];
  return from === undefined ? args : [...args.slice(0, from), ...upperCaseOptions(args.slice(from))];
}

function upperCaseOptions(words: string[]): string[] {
  const upper = [...words];
  for (let index = 0; index < upper.length; ) {
    const word = String(upper[index]).toUpperCase();
    const values = optionWords[word];
    // Behind the first word that is no option stand the caller's own values.
    if (values === undefined) break;
    upper[index] = word;
    index += 1 + values;
  }
  return upper;
}

function setArguments([key, value, ...options]: string[]): string[] | Error {
  if (key === undefined || value === undefined)
    return new Error("ERR wrong number of arguments for 'set' command");
  const expiry: string[] = [];
  const flags = new Set<string>();
  for (let index = 0; index < options.length; index += 1) {
    const word = String(options[index]).toUpperCase();
    if (expiryWords.has(word) && expiry.length === 0) {
      index += 1;
      const time = options[index];
      if (time === undefined) return new Error('ERR syntax error');
      if (!isInteger(time)) return new Error('ERR value is not an integer or out of range');
      if (Number(time) <= 0) return new Error("ERR invalid expire time in 'set' command");
      expiry.push(word, time);
    } else if (word === 'NX' || word === 'XX' || word === 'GET') flags.add(word);
    else if (word === 'KEEPTTL') return new Error('ERR the in-memory Redis has no KEEPTTL');
    else return new Error('ERR syntax error');
  }
  if (flags.has('NX') && flags.has('XX')) return new Error('ERR syntax error');
  return [key, value, ...expiry, ...flags];
}

function expireArguments(name: string, args: string[]): string[] | Error {
  const [key, time, ...conditions] = args;
  if (key === undefined || time === undefined) {
    return new Error(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
  }
  if (!isInteger(time)) return new Error('ERR value is not an integer or out of range');
  if (conditions.length > 0) return new Error(`ERR the in-memory Redis has no conditions for ${name}`);
  return args;
}

function isInteger(text: string): boolean {
  return /^-?\d{1,18}$/.test(text);
}

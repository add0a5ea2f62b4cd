import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import RedisMock from 'ioredis-mock';
import type { Backend, Command, Reply } from '../backend.ts';
import { callArguments } from './callArguments.ts';
import { createScriptRunner } from './scripts.ts';

type Call = (...args: string[]) => Promise<unknown>;

const scriptCommands = new Set(['EVAL', 'EVALSHA', 'SCRIPT']);
// Redis gives these numbers as strings, since they need not be whole.
const textNumbers = new Set(['HINCRBYFLOAT', 'INCRBYFLOAT', 'ZINCRBY', 'ZSCORE']);

/**
 * A Redis in this process's memory, shared with nobody. Commands run in the tick in which they are given, so a
 * transaction is whole by nature. Where it differs from a real Redis: test/dev/redis/memory/open.test.ts.
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

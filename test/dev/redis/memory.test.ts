import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Command, Reply } from '../../../dev/redis/command.ts';
import { openMemory } from '../../../dev/redis/memory.ts';

// Where the Redis in memory differs from a real one. The contract suite holds what both do alike; a case that
// fails here because ioredis-mock has learned something belongs there.

let memory: ReturnType<typeof openMemory>;
beforeEach(() => {
  memory = openMemory();
});
afterEach(async () => {
  vi.useRealTimers();
  await memory.close();
});

async function ask(...command: Command): Promise<Reply> {
  const [reply = null] = await memory.run([command]);
  return reply instanceof Error ? reply.message : reply;
}

describe('says that it cannot', () => {
  test.each([
    ['KEEPTTL', ['SET', 'k', 'v', 'KEEPTTL'], 'ERR the in-memory Redis has no KEEPTTL'],
    ['conditions', ['EXPIRE', 'k', '1', 'NX'], 'ERR the in-memory Redis has no conditions for EXPIRE'],
    ['SCRIPT KILL', ['SCRIPT', 'KILL'], 'ERR the in-memory Redis has no SCRIPT KILL'],
    [
      'bit operations',
      ['BITOP', 'NOT', 'a', 'b'],
      "ERR Command is not available: 'BITOP' in the in-memory Redis",
    ],
    ['HyperLogLog', ['PFADD', 'k', 'v'], "ERR Command is not available: 'PFADD' in the in-memory Redis"],
    [
      'geography',
      ['GEOADD', 'k', '1', '1', 'v'],
      "ERR Command is not available: 'GEOADD' in the in-memory Redis",
    ],
    [
      'read-only scripts',
      ['EVAL_RO', 'return 1', '0'],
      "ERR Command is not available: 'EVAL_RO' in the in-memory Redis",
    ],
    ['functions', ['FCALL', 'f', '0'], "ERR Command is not available: 'FCALL' in the in-memory Redis"],
    [
      'names of its own parts',
      ['CONSTRUCTOR'],
      "ERR Command is not available: 'CONSTRUCTOR' in the in-memory Redis",
    ],
    [
      'names of its own calls',
      ['DEFINECOMMAND'],
      "ERR Command is not available: 'DEFINECOMMAND' in the in-memory Redis",
    ],
  ] as [string, Command, string][])('%s', async (_what, command, message) => {
    expect(await ask(...command)).toBe(message);
  });

  test('cjson and other libraries of scripts', async () => {
    expect(await ask('EVAL', 'return cjson.encode({})', '0')).toMatch(/^ERR .*'cjson'/);
  });
});

describe('differs in silence', () => {
  test('the number of arguments is not checked', async () => {
    expect(await ask('GET')).toBeNull();
  });

  test('the type of a value is checked by few commands', async () => {
    await ask('SET', 'k', 'text');
    expect(await ask('HSET', 'k', 'field', 'value')).toBe(1);
    expect(await ask('SADD', 'k', 'member')).toMatch(/^ERR the in-memory Redis could not run SADD: /);
  });

  test('counting up a text is refused, but spoils it', async () => {
    await ask('SET', 'k', 'text');
    expect(await ask('INCR', 'k')).toBe('ERR value is not an integer or out of range');
    expect(await ask('GET', 'k')).toBe('NaN');
  });

  test('a script reads an empty string as nothing', async () => {
    await ask('SET', 'k', '');
    expect(await ask('GET', 'k')).toBe('');
    expect(await ask('EVAL', "return redis.call('GET', KEYS[1]) == false", '1', 'k')).toBe(1);
  });

  test('a script gives bytes that are no UTF-8 as U+FFFD', async () => {
    expect(await ask('EVAL', "return '\\255'", '0')).toBe('\ufffd');
  });

  test('scripts are Lua 5.3: a quotient is no whole number', async () => {
    expect(await ask('EVAL', "return 'n' .. 6 / 2", '0')).toBe('n3.0');
  });

  test('a script may set globals, which end with it', async () => {
    expect(await ask('EVAL', 'counter = 1 return counter', '0')).toBe(1);
    expect(await ask('EVAL', 'return counter', '0')).toBeNull();
  });

  test('SCRIPT LOAD takes what does not compile; its call is the error', async () => {
    const hash = await ask('SCRIPT', 'LOAD', 'return return');
    expect(hash).toMatch(/^[0-9a-f]{40}$/);
    expect(await ask('EVALSHA', String(hash), '0')).toMatch(/^ERR Error compiling script/);
  });

  test('a key called __proto__ cannot be kept', async () => {
    expect(await ask('SET', '__proto__', 'v')).toBe('OK');
    expect(await ask('GET', '__proto__')).toBeNull();
  });
});

describe('time', () => {
  test('follows the clock of this process, to the millisecond', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
    await ask('SET', 'k', 'v', 'NX', 'EX', '10');
    vi.setSystemTime(1_009_999);
    expect(await ask('SET', 'k', 'w', 'NX', 'EX', '10')).toBeNull();
    expect(await ask('PTTL', 'k')).toBe(1);
    vi.setSystemTime(1_010_000);
    expect(await ask('PTTL', 'k')).toBe(-2);
    expect(await ask('SET', 'k', 'w', 'NX', 'EX', '10')).toBe('OK');
  });
});

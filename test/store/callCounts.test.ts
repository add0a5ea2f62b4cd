import { beforeEach, describe, expect, test } from 'vitest';
import { type CallCounts, createCallCounts, type Want } from '../../src/store/callCounts.ts';
import { createCallCountsModel } from '../support/callCountsModel.ts';
import { describeWith } from '../support/optional.ts';
import { fc } from '../support/property.ts';
import {
  command,
  commandsRun,
  isLeftOf,
  keysForEver,
  patient,
  useRedisBridge,
} from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const minute = 60_000;

const want = (changes: Partial<Want> = {}): Want => ({
  key: 'session:60:hash',
  limit: 10,
  windowMilliseconds: minute,
  slides: true,
  index: 30_000_000,
  need: 1,
  waiting: 0,
  inHand: 0,
  reserve: 0,
  correction: 0,
  previousCorrection: 0,
  ...changes,
});
const start = 30_000_000 * minute;
const granted = async (counts: CallCounts, changes: Partial<Want>, at = start) =>
  (await counts.take(undefined, at, [want(changes)])).counts?.[0]?.granted;

const whole = (min: number, max: number) => fc.integer({ min, max });
const wants = fc.array(
  fc.record({
    key: fc.constantFrom('session:60:a', 'session:60:b', 'address:60:c'),
    limit: whole(1, 40),
    windowMilliseconds: fc.constant(minute),
    slides: fc.boolean(),
    index: fc.constantFrom(30_000_000, 30_000_001),
    need: whole(0, 5),
    waiting: whole(0, 9),
    inHand: whole(0, 9),
    reserve: whole(0, 16),
    correction: whole(-4, 4),
    previousCorrection: whole(-4, 4),
  }),
  { minLength: 1, maxLength: 3 },
);
const questions = fc.array(
  fc.record({
    session: fc.constantFrom(undefined, 'gone', 'here'),
    window: whole(0, 1),
    into: whole(0, minute - 1),
    wants: wants.map((given) => [...new Map(given.map((each) => [each.key, each])).values()]),
  }),
  { maxLength: 12 },
);

function suite(backend: 'memory' | 'redis-server') {
  const bridge = useRedisBridge(backend);
  const counts = () => createCallCounts(patient(bridge()));

  beforeEach(() => command(bridge(), 'FLUSHALL'));

  test('a script does what its model does, whatever it is asked', async () => {
    const real = counts();
    await fc.assert(
      fc.asyncProperty(questions, async (asked) => {
        await command(bridge(), 'FLUSHALL');
        await command(bridge(), 'SET', 'daypass:revoked:gone', '1', 'EX', '60');
        const model = createCallCountsModel(() => 0);
        model.revoked.add('gone');
        for (const { session, window, into, wants: list } of asked) {
          const at = start + window * minute + into;
          expect(await real.take(session, at, list)).toEqual(await model.take(session, at, list));
        }
        expect(await keysForEver(bridge())).toEqual([]);
      }),
      { numRuns: backend === 'memory' ? 60 : 300 },
    );
  });

  test('Redis gives the time where the instance is not sure of it, and takes nothing of another window', async () => {
    const [seconds] = (await command(bridge(), 'TIME')) as [string];
    const index = Math.floor((Number(seconds) * 1000) / 3_600_000);
    const hour = { windowMilliseconds: 3_600_000, index };
    const answer = await counts().take(undefined, undefined, [want(hour)]);
    expect(Math.abs((answer.now ?? 0) - Number(seconds) * 1000)).toBeLessThan(600_000);
    expect(answer.counts).toEqual([{ granted: 1, current: 1, previous: 0 }]);
    const ahead = await counts().take(undefined, undefined, [want({ ...hour, index: index + 5 })]);
    expect(ahead.counts).toBeUndefined();
    expect(await command(bridge(), 'KEYS', `*${index + 5}`)).toEqual([]);
  });

  test('all that a call needs is taken, or nothing', async () => {
    const full = want({ key: 'address:60:full', limit: 1 });
    await counts().take(undefined, start, [full]);
    const { counts: answer } = await counts().take(undefined, start, [want(), full]);
    expect(answer?.map((count) => count.granted)).toEqual([0, 0]);
    expect(await granted(counts(), { limit: 1 })).toBe(1);
  });

  test('a count ends when it weighs no more', async () => {
    await counts().take(undefined, start, [want({ previousCorrection: 3 })]);
    const life = async (window: number) =>
      Number(await command(bridge(), 'PTTL', `daypass:calls:session:60:hash:${window}`)) / 1000;
    expect(await life(30_000_000)).toSatisfy(isLeftOf(180));
    expect(await life(29_999_999)).toSatisfy(isLeftOf(120));
  });

  test('what is no Redis, and a mark that we never wrote, is no answer', async () => {
    await command(bridge(), 'SET', 'daypass:revoked:odd', 'x', 'EX', '60');
    expect(await codeOf(() => counts().take('odd', start, [want()]))).toBe('store_unavailable');
    bridge().setFault({ kind: 'rubbish' });
    expect(await codeOf(() => counts().take('odd', start, [want()]))).toBe('store_unavailable');
    bridge().setFault(undefined);
  });
}

describe('in memory', () => suite('memory'));

describeWith('redis-server')('over a real Redis', () => {
  suite('redis-server');

  const bridge = useRedisBridge('redis-server');

  test.each([
    ['four commands on IPv4', ['session', 'address'], 4],
    ['five on IPv6', ['session', 'address', 'network'], 5],
  ] as const)('a call that asks costs %s', async (_name, names, most) => {
    const counts = createCallCounts(patient(bridge()));
    const wants = names.map((key) => want({ key, limit: 1000 }));
    // The script is new to a new Redis.
    await counts.take('here', start, wants);
    const before = await commandsRun(bridge());
    for (let call = 0; call < 10; call += 1) await counts.take('here', start, wants);
    expect(((await commandsRun(bridge())) - before) / 10).toBe(most);
  });

  test('a refused one costs two', async () => {
    const counts = createCallCounts(patient(bridge()));
    const used = want({ key: 'used up', limit: 1 });
    await counts.take('here', start, [used]);
    const before = await commandsRun(bridge());
    await counts.take('here', start, [used]);
    expect((await commandsRun(bridge())) - before).toBe(2);
  });
});

import { defaultLimits } from '../src/policy/limits.ts';
import { createCallCounts } from '../src/store/callCounts.ts';
import { createRedis } from '../src/store/redis.ts';
import { command, type RedisAddress } from '../test/support/redisParts.ts';
import type { Bench, BenchContext, Row } from './support/bench.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';
import { requireProgram, startProgram } from './support/startProgram.ts';

const windowMilliseconds = defaultLimits.session.windowSeconds * 1000;

/** Redis runs scripts one at a time: what one of them takes is what bounds a whole site. */
export const bench: Bench = {
  question: 'Does Redis slow down as sessions grow? Its own time for the script of a call',
  async run(context) {
    requireProgram('redis-server');
    const few = await startRedisWith(context, 100);
    const many = await startRedisWith(context, 10_000);
    const most = await startRedisWith(context, 1_000_000);
    const calls = context.isQuick ? 1_000 : 4_000;
    const microseconds = await interleave(context.isQuick ? 3 : 9, {
      few: () => few.microsecondsOf(calls),
      many: () => many.microsecondsOf(calls),
      most: () => most.microsecondsOf(calls),
    });
    const row = (sessions: string, ours: number[]): Row => ({
      what: `${sessions} sessions`,
      baseline: '100 sessions',
      figure: ratioOf(ours, microseconds.few),
      unit: '×',
      toReach: { atMost: 1.25 },
      note: against(ours, microseconds.few, 'µs'),
    });
    return [row('10 000', microseconds.many), row('1 000 000', microseconds.most)];
  },
};

/** A Redis in which so many sessions have called in this minute. */
async function startRedisWith(context: BenchContext, sessions: number) {
  const { url, details } = await startProgram(context, 'redis');
  const redis: RedisAddress = { url, token: details.token as string };
  const index = Math.floor(Date.now() / windowMilliseconds);
  const callCounts = createCallCounts(createRedis({ ...redis, timeoutMilliseconds: 60_000 }));

  async function callOf(session: number): Promise<void> {
    const name = `session ${session}`;
    const want = {
      windowMilliseconds,
      slides: true,
      index,
      need: 1,
      waiting: 0,
      inHand: 0,
      reserve: 0,
      correction: 0,
      previousCorrection: 0,
    };
    const { counts } = await callCounts.take(name, index * windowMilliseconds, [
      { ...want, key: `session:60:${name}`, limit: 1_000_000_000 },
      { ...want, key: `address:60:${session % 1000}`, limit: 1_000_000_000 },
    ]);
    if (counts?.length !== 2 || !counts.every(({ granted }) => granted === 1))
      throw new Error('Redis granted no call.');
  }

  // One key shows how they are named; the others are written where they are kept.
  await callOf(0);
  const [key = ''] = (await command(redis, 'KEYS', '*:session:60:session 0:*')) as string[];
  const [before, after] = key.split('session 0') as [string, string];
  const write = `for session = ARGV[1], ARGV[2] do redis.call('SET', ARGV[3] .. session .. ARGV[4], '1', 'PX', 3600000) end`;
  const atOnce = 20_000;
  for (let first = 1; first < sessions; first += atOnce) {
    const last = Math.min(first + atOnce, sessions) - 1;
    await command(redis, 'EVAL', write, 0, first, last, `${before}session `, after);
  }
  const kept = Number(await command(redis, 'DBSIZE'));
  if (kept < sessions) throw new Error(`Redis holds ${kept} keys, not ${sessions}.`);

  let called = 0;
  return {
    /** Lets sessions call in no order that any memory would like. @returns what one call took Redis */
    async microsecondsOf(calls: number): Promise<number> {
      const before = await scriptStats(redis);
      const sessionAt = () => {
        called += 1;
        return (called * 7_919_993) % sessions;
      };
      for (let sent = 0; sent < calls; sent += 100) {
        await Promise.all(Array.from({ length: 100 }, () => callOf(sessionAt())));
      }
      const after = await scriptStats(redis);
      if (after.calls - before.calls !== calls)
        throw new Error('Redis did not run one script for each call.');
      return (after.microseconds - before.microseconds) / calls;
    },
  };
}

/** What Redis says of its scripts, their commands included. */
async function scriptStats(redis: RedisAddress): Promise<{ calls: number; microseconds: number }> {
  const stats = String(await command(redis, 'INFO', 'commandstats'));
  const [, calls, microseconds] = /^cmdstat_evalsha:calls=(\d+),usec=(\d+)/m.exec(stats) ?? [];
  return { calls: Number(calls ?? 0), microseconds: Number(microseconds ?? 0) };
}

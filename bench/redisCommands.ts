import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { defaultLimits } from '../src/policy/limits.ts';
import { commandStats, type RedisAddress } from '../test/support/redisParts.ts';
import type { Bench, BenchContext, Row } from './support/bench.ts';
import { type Backends, costOfCalls, startBackends, startGate, wideLimits } from './support/gateStand.ts';
import { written } from './support/report.ts';
import { exact } from './support/spread.ts';

const sessions = 20;

const callers = [
  { family: 'IPv4', address: '203.0.113.7', counts: ['session', 'address'], atMost: 4 },
  { family: 'IPv6', address: '2001:db8::7', counts: ['session', 'address', 'network'], atMost: 5 },
] as const;
type Caller = (typeof callers)[number];

/** Of what carries the day's statistics, once a second, and of what asks for Redis's clock, twice a minute. */
const notOfCalls = ['eval', 'hincrby', 'expire', 'time'];

/**
 * What Upstash bills: commands that Redis has run, those inside scripts among them. `test/gate/redisCosts.test.ts` holds the
 * figures of calls that ask.
 */
export const bench: Bench = {
  question: 'How many Redis commands does a call bill?',
  async run(context) {
    const rows: Row[] = [];
    const backends = await startBackends(context);
    for (const caller of callers) rows.push(...(await measure(context, backends, caller)));
    return rows;
  },
};

async function measure(
  context: BenchContext,
  backends: Backends,
  { family, address, counts, atMost }: Caller,
): Promise<Row[]> {
  const calls = context.isQuick ? 400 : 4_000;
  const rows: Row[] = [];
  for (const leaseSeconds of [0, defaultLimits.leaseSeconds]) {
    const policy = { limits: { ...wideLimits, leaseSeconds } };
    const { gate, mint } = await startGate(context, backends, { policy, address });
    const { url, details } = backends.redis;
    const at = { url, token: details.token as string };
    const bearers = await mint(sessions);
    const callGate = (count: number) => costOfCalls(gate, () => ({ connections: 10, calls: count, bearers }));
    // Scripts are new to a new Redis once.
    await callGate(sessions);
    const ours = await commandsOf(at, calls, () => callGate(calls));
    const theirs = await commandsOf(at, calls, await limitWithUpstash(at, counts, calls));
    const sumOf = (commands: ReadonlyMap<string, number>) =>
      [...commands.values()].reduce((sum, count) => sum + count, 0);
    const aside = sumOf(new Map([...ours].filter(([name]) => notOfCalls.includes(name))));
    rows.push({
      what: `${family}, ${leaseSeconds === 0 ? 'each call asks' : `leases of ${leaseSeconds} s`}`,
      baseline: `@upstash/ratelimit: ${written(sumOf(theirs))} a call`,
      figure: exact(sumOf(ours) - aside),
      unit: 'a call',
      ...(leaseSeconds === 0 && { toReach: { atMost } }),
      note: `and ${written(aside)} a call for statistics, once a second, and for the time, twice a minute`,
    });
  }
  return rows;
}

/** @returns how often each command ran, per call */
async function commandsOf(
  redis: RedisAddress,
  calls: number,
  work: () => unknown,
): Promise<Map<string, number>> {
  const before = await commandStats(redis);
  await work();
  const after = await commandStats(redis);
  return new Map([...after].map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / calls]));
}

/** The usual way to limit calls by session and address, with sliding windows as ours are. */
async function limitWithUpstash(at: RedisAddress, counts: Caller['counts'], calls: number) {
  const redis = new Redis({ ...at, enableTelemetry: false });
  const limiters = counts.map((name) => {
    const limiter = Ratelimit.slidingWindow(1_000_000_000, `${defaultLimits[name].windowSeconds} s`);
    return new Ratelimit({ redis, prefix: `baseline:${name}`, limiter, ephemeralCache: false, timeout: 0 });
  });
  const callOnce = async (session: number) => {
    const answers = await Promise.all(
      limiters.map((limiter, index) => limiter.limit(index === 0 ? `session ${session}` : 'one')),
    );
    if (!answers.every(({ success }) => success)) throw new Error('@upstash/ratelimit refused a call.');
  };
  // The first call of a window sets the life of its key as well.
  for (let session = 0; session < sessions; session += 1) await callOnce(session);
  return async () => {
    for (let call = 0; call < calls; call += 1) await callOnce(call % sessions);
  };
}

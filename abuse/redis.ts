import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '../src/policy/types.ts';
import { percentile } from './support/count.ts';
import { atMost, exactly, type Figure, none } from './support/figures.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import { startLoad } from './support/load.ts';
import type { Measure } from './support/measure.ts';
import { type Outage, sitThrough } from './support/outage.ts';
import { redisFaults } from './support/redisFaults.ts';
import { prepareRedisServer } from './support/redisServer.ts';
import { type Call, callsOf, createStand, type Stand } from './support/stand.ts';

/** What a call of a valid session ends in while Redis is away. */
const promised: Readonly<Record<Policy['storeFailure'], string>> = {
  local: '200',
  deny: '503 store_unavailable',
  allow: '200',
};
const callsPerSecond = 50;
const healthyMs = 3000;
const sessionLimit = 20;
/** Calls of one session at once, and how many pass while Redis is away. */
const crowd = 2 * sessionLimit;
const crowdPasses: Readonly<Record<Policy['storeFailure'], number>> = {
  local: sessionLimit,
  deny: 0,
  allow: crowd,
};
const worstMs = 500;
const worstRecoverySeconds = 5;

/** Redis away in every way, under every policy, and back. */
export const redis: Measure = {
  name: 'redis',
  isTimed: true,
  what: 'Redis away, and back',
  async run(context) {
    await awayFromMidnight();
    const server = await prepareRedisServer();
    context.defer(() => server.stop());
    await server.start();
    const bridge = await context.startBridge({ redisUrl: server.url });
    const limits = wideLimits({ session: aDay(sessionLimit) });
    const stands: Stand[] = [];
    for (const storeFailure of Object.keys(promised) as Policy['storeFailure'][]) {
      const options = { policy: { storeFailure, limits }, redis: bridge };
      stands.push(createStand(storeFailure, await context.startServer(options)));
    }
    // The first calls of an instance are slow.
    for (const stand of stands) for (let times = 0; times < 50; times += 1) await stand.call();

    const stopLoad = startLoad(context, callsPerSecond, () =>
      Promise.all(stands.map((stand) => stand.call())),
    );
    const from = performance.now();
    await sleep(healthyMs);
    const to = performance.now();
    const healthy = stands.map((stand) => p99(callsOf(stand, from, to)));
    const figures: Figure[] = [];
    for (const fault of redisFaults) {
      const outage = await sitThrough(fault, { server, bridge, stands, crowd });
      figures.push(...figuresOf(fault.name, outage, stands, healthy));
    }
    await stopLoad();
    return figures;
  },
};

function figuresOf(
  name: string,
  outage: Outage,
  stands: readonly Stand[],
  healthyMs: readonly number[],
): Figure[] {
  const of = `Redis ${name}`;
  const passedOfCrowd = stands.map(
    (_, index) => outage.crowds[index]?.filter((outcome) => outcome === '200') ?? [],
  );
  return [
    ...stands.map(({ policy }, index) => {
      const over = p99(outage.calls[index]) - (healthyMs[index] ?? 0);
      return atMost(`${of}, ${policy}: p99 over the healthy one`, over, worstMs, ' ms');
    }),
    ...stands.map(({ policy }, index) => {
      const outcomes = outage.calls[index]?.map(({ outcome }) => outcome) ?? [];
      return none(
        `${of}, ${policy}: calls that did not end in ${promised[policy]}`,
        outcomes,
        promised[policy],
      );
    }),
    ...stands.map(({ policy }, index) => {
      const passed = passedOfCrowd[index]?.length ?? 0;
      return exactly(
        `${of}, ${policy}: of ${crowd} calls of one session let through`,
        passed,
        crowdPasses[policy],
      );
    }),
    none(`${of}: forged tokens let through`, outage.forged, '401 token_signature'),
    none(`${of}: exchanges that did not end in 503`, outage.exchanges, '503 store_unavailable'),
    atMost(`${of}: calls let through that were not counted`, Math.max(0, outage.passed - outage.counted), 0),
    exactly(
      `${of}: log lines of ${stands.length} gates, one when it is lost, one when found`,
      outage.logLines,
      2 * stands.length,
    ),
    none(
      `${of}: exchanges that do not work again with the same Identity token`,
      outage.exchangesAfter,
      '200',
    ),
    atMost(
      `${of}: until gates see revocations and exchanges work`,
      outage.recoverySeconds,
      worstRecoverySeconds,
      ' s',
    ),
  ];
}

function p99(calls: readonly Call[] = []): number {
  return percentile(
    calls.map(({ sentAt, endedAt }) => endedAt - sentAt),
    0.99,
  );
}

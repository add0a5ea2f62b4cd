import { setTimeout as sleep } from 'node:timers/promises';
import type { DevRedis } from '../../dev/redis/start.ts';
import type { RedisFault } from './redisFaults.ts';
import type { RedisServer } from './redisServer.ts';
import { type Call, callsOf, type Stand } from './stand.ts';
import { exchange, logIn, outcomeOfSession } from './visitor.ts';

const faultMs = 2500;
const exchangesEach = 3;
const longestRecoveryMs = 10_000;
/** Counts are sent a second late. */
const countsMs = 2500;

/** What goes away, and those who notice. */
export interface Scene {
  server: RedisServer;
  bridge: DevRedis;
  /** Under load all the time. */
  stands: readonly Stand[];
  /** How often one session calls at once. */
  crowd: number;
}

/** What came of the calls while Redis was away, and after. */
export interface Outage {
  /** Of each stand: the load's calls. */
  calls: Call[][];
  /** Of each stand: outcomes of one session's calls at once. */
  crowds: string[][];
  forged: string[];
  exchanges: string[];
  /** Calls that were surely let through without Redis, and what the gates have counted of them. */
  passed: number;
  counted: number;
  logLines: number;
  /** Exchanges with the same Identity tokens, once all gates see revocations again. */
  exchangesAfter: string[];
  /** From Redis's return until the end of those. */
  recoverySeconds: number;
}

/** Lets Redis go away and come back, under the load that there is. */
export async function sitThrough(fault: RedisFault, scene: Scene): Promise<Outage> {
  const { server, bridge, stands, crowd } = scene;
  const visitors = await Promise.all(
    stands.flatMap(({ server: { url, identityUrl } }) =>
      Array.from({ length: exchangesEach }, async () => ({ url, identityToken: await logIn(identityUrl) })),
    ),
  );
  const exchangeAll = () =>
    Promise.all(visitors.map(({ url, identityToken }) => outcomeOfSession(exchange(url, identityToken))));
  const countedBefore = fault.forgets ? 0 : await countUnseen(stands);
  const linesBefore = countLines(stands);

  fault.begin(server, bridge);
  const from = performance.now();
  await sleep(faultMs);
  // What follows is a burst, and would show in the times of concurrent calls.
  const to = performance.now();
  const crowds = await Promise.all(stands.map((stand) => callAtOnce(stand, crowd)));
  const forged = await Promise.all(stands.map(callWithForgery));
  const exchanges = await exchangeAll();
  const passed = stands.flatMap((stand) => letThrough(callsOf(stand, from, performance.now()))).length;

  await fault.end(server, bridge);
  const returnedAt = performance.now();
  const isWell = async () => {
    const answers = await Promise.all(stands.map((stand) => stand.seesRevocation()));
    return answers.every(Boolean);
  };
  while (!(await isWell()) && performance.now() - returnedAt < longestRecoveryMs) await sleep(50);
  const exchangesAfter = await exchangeAll();
  const recoverySeconds = (performance.now() - returnedAt) / 1000;
  await sleep(countsMs);
  return {
    calls: stands.map((stand) => callsOf(stand, from, to)),
    crowds,
    forged,
    exchanges,
    passed,
    counted: (await countUnseen(stands)) - countedBefore,
    logLines: countLines(stands) - linesBefore,
    exchangesAfter,
    recoverySeconds,
  };
}

/** Calls of one session, all at once. */
async function callAtOnce(stand: Stand, times: number): Promise<string[]> {
  const token = await stand.server.mint();
  return Promise.all(Array.from({ length: times }, () => stand.callWith(token)));
}

/** A token whose signature is another's. */
async function callWithForgery({ server, callWith }: Stand): Promise<string> {
  const [token, other] = [await server.mint(), await server.mint()];
  return callWith([...token.split('.').slice(0, 2), other.split('.')[2]].join('.'));
}

async function countUnseen(stands: readonly Stand[]): Promise<number> {
  // They share one Redis, and so one set of counts.
  return (await stands[0]?.counted('revocation_unchecked')) ?? 0;
}

function countLines(stands: readonly Stand[]): number {
  return stands.flatMap((stand) => stand.circuitLines()).length;
}

function letThrough(calls: readonly Call[]): Call[] {
  return calls.filter(({ outcome }) => outcome === '200');
}

import { setTimeout as sleep } from 'node:timers/promises';
import { revokePath } from '../src/protocol/wire.ts';
import { command } from '../test/support/redisParts.ts';
import { tally } from './support/count.ts';
import { atLeast, atMost, type Figure, none } from './support/figures.ts';
import { type FreshGate, startGate } from './support/freshGate.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import { startLoad } from './support/load.ts';
import type { Context, Measure } from './support/measure.ts';
import { type RedisFault, redisFaults } from './support/redisFaults.ts';
import { prepareRedisServer } from './support/redisServer.ts';
import { send } from './support/send.ts';

const seconds = 120;
const instances = 3;
const callsPerSecond = 60;
const sessions = 40;
const sessionLimit = 200;
/** One of this many calls carries another token's signature. */
const forgedShare = 20;
const longestMs = 3000;

/** Redis is there, and has no room: what was written can be read, and nothing more is written. */
const full: RedisFault = {
  name: 'full',
  forgets: false,
  begin: (_, bridge) => void command(bridge, 'CONFIG', 'SET', 'maxmemory', '1').catch(() => undefined),
  end: async (_, bridge) => {
    await command(bridge, 'CONFIG', 'SET', 'maxmemory', '0');
  },
};

interface Holder {
  token: string;
  forged: string;
  /** Whether the broker has answered that it is revoked. */
  isRevoked: boolean;
  /** Of each instance, whether it has refused the session as revoked. */
  seenBy: boolean[];
}

/** One call, and what was known when it was sent. */
interface Call {
  kind: 'known revoked' | 'forged' | 'other';
  /** Which session at which instance. */
  key: string;
  outcome: string;
}

/** Redis comes and goes in every way for two minutes, under calls to several instances. */
export const chaos: Measure = {
  name: 'chaos',
  what: `${seconds} s of chaos at Redis, with storeFailure: 'local'`,
  async run(context) {
    await awayFromMidnight();
    const redis = await prepareRedisServer();
    context.defer(() => redis.stop());
    await redis.start();
    const bridge = await context.startBridge({ redisUrl: redis.url });
    const limits = wideLimits({ session: aDay(sessionLimit) });
    const server = await context.startServer({ policy: { storeFailure: 'local', limits }, redis: bridge });
    const gates = await Promise.all(Array.from({ length: instances }, () => startGate(context, server)));
    const hold = async (): Promise<Holder> => {
      const [token, other] = [await server.mint(), await server.mint()];
      const forged = [...token.split('.').slice(0, 2), other.split('.')[2]].join('.');
      return { token, forged, isRevoked: false, seenBy: gates.map(() => false) };
    };
    const holders = await Promise.all(Array.from({ length: sessions }, hold));

    const calls: Call[] = [];
    const stopCalls = startLoad(context, callsPerSecond, async () => {
      const at = context.chance.below(gates.length);
      const index = context.chance.below(holders.length);
      const holder = holders[index] as Holder;
      const isForged = context.chance.below(forgedShare) === 0;
      calls.push(await callOnce(gates[at] as FreshGate, { at, index, holder, isForged }));
    });
    const stopRevoking = startLoad(context, 1, async () => {
      const holder = context.chance.pick(holders);
      const body = new URLSearchParams({ token: holder.token });
      const { status } = await send(server.url + revokePath, { method: 'POST', body });
      if (status === 200) holder.isRevoked = true;
    });
    const begun = await causeTrouble(context, async (fault, milliseconds) => {
      fault.begin(redis, bridge);
      await sleep(milliseconds);
      await fault.end(redis, bridge);
    });
    await stopRevoking();
    await stopCalls();
    return figuresOf(calls, begun, holders);
  },
};

async function callOnce(
  gate: FreshGate,
  { at, index, holder, isForged }: { at: number; index: number; holder: Holder; isForged: boolean },
): Promise<Call> {
  const isKnown = holder.seenBy[at] === true;
  const outcome = await gate.call(isForged ? holder.forged : holder.token);
  if (!isForged && outcome === '401 token_revoked') holder.seenBy[at] = true;
  const kind = isForged ? 'forged' : isKnown ? 'known revoked' : 'other';
  return { kind, key: `session ${index} at ${at}`, outcome };
}

/** Has one fault begin after the other, with some quiet between. */
async function causeTrouble(
  { chance }: Context,
  cause: (fault: RedisFault, milliseconds: number) => Promise<void>,
): Promise<string[]> {
  const end = performance.now() + seconds * 1000;
  const begun: string[] = [];
  while (performance.now() < end) {
    const fault = chance.pick([...redisFaults, full]);
    begun.push(fault.name);
    await cause(fault, 100 + chance.below(longestMs));
    await sleep(chance.below(longestMs));
  }
  return begun;
}

function figuresOf(calls: readonly Call[], begun: readonly string[], holders: readonly Holder[]): Figure[] {
  const outcomesOf = (kind: Call['kind']) =>
    calls.filter((call) => call.kind === kind).map(({ outcome }) => outcome);
  const allowed = new Set(['200', '401 token_revoked', '429 rate_limited']);
  const passes = tally(calls.filter(({ outcome }) => outcome === '200').map(({ key }) => key));
  return [
    atLeast('faults begun', begun.length, 20),
    atLeast('calls', calls.length, callsPerSecond * seconds * 0.9),
    atLeast('sessions revoked', holders.filter(({ isRevoked }) => isRevoked).length, 10),
    none(
      'calls of a session that the instance had refused as revoked, let through',
      outcomesOf('known revoked'),
      '401 token_revoked',
    ),
    none('forged tokens let through', outcomesOf('forged'), '401 token_signature'),
    none(
      'other calls that ended in anything but 200, 401 token_revoked, 429',
      outcomesOf('other').map((outcome) => (allowed.has(outcome) ? 'as promised' : outcome)),
      'as promised',
    ),
    atMost(
      'most calls of one session let through by one instance',
      Math.max(...passes.values()),
      sessionLimit,
    ),
  ];
}

import { createMeters } from '../../src/gate/checkSession.ts';
import { createLeases } from '../../src/limits/leases.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Limits } from '../../src/policy/types.ts';
import { createStoreClock } from '../../src/store/clocks.ts';
import { createCallCountsModel } from './callCountsModel.ts';

/** The way to Redis and back. */
const redisMilliseconds = 20;

/** By then the gate has given back what a visitor who left had not spent. */
const whenGoneMilliseconds = 5_000;

/** One instance of the gate over Redis, on a clock that nothing but the script moves: each run is the same. */
interface ScriptedGate {
  /** A call comes in. It ends, and what the gate does afterwards is done, while time passes. */
  call(session: string, address?: string): void;
  /** So much time passes; everything that is due in it happens in order. */
  pass(milliseconds: number): Promise<void>;
}

/** Calls of visitors, at certain moments. */
export interface Script {
  what: string;
  limits?: Partial<Limits>;
  play(gate: ScriptedGate): Promise<void>;
}

/** What the visitors of a site do, whose limits are the defaults but where a script says otherwise. */
export const scripts = {
  burst: {
    what: "a page's burst of 20",
    async play(gate) {
      for (let call = 0; call < 20; call += 1) gate.call('one');
      await gate.pass(whenGoneMilliseconds);
    },
  },
  page: {
    what: "a page's 20, one after the other",
    async play(gate) {
      for (let call = 0; call < 20; call += 1) {
        gate.call('one');
        await gate.pass(50 + redisMilliseconds);
      }
      await gate.pass(whenGoneMilliseconds);
    },
  },
  steady: {
    what: 'a session at 5 calls a second',
    limits: { session: { limit: 1000, windowSeconds: 60 } },
    async play(gate) {
      for (let call = 0; call < 300; call += 1) {
        gate.call('one');
        await gate.pass(200);
      }
    },
  },
  crowd: {
    what: '1 000 sessions, each one call in 10 s',
    async play(gate) {
      for (let call = 0; call < 6_000; call += 1) {
        gate.call(`session ${call % 1000}`, `address ${call % 250}`);
        await gate.pass(10);
      }
    },
  },
} as const satisfies Record<string, Script>;

/**
 * Plays a script.
 * @returns calls, and how often Redis was asked meanwhile: to decide, and to be given back what nobody has spent
 * @throws Error when a call is refused
 */
export async function playScript({ limits, play }: Script): Promise<{ calls: number; trips: number }> {
  const policy = definePolicy({ ...(limits && { limits }) });
  const timers: { at: number; ring(): void }[] = [];
  // Into a window, where none ends.
  const startedAt = 1_800_000_000_000;
  let time = startedAt;
  let trips = 0;
  let calls = 0;
  let failure: unknown;
  const wait = (milliseconds: number) =>
    new Promise<void>((ring) => timers.push({ at: time + milliseconds, ring }));

  const redis = createCallCountsModel(() => time);
  const leases = createLeases({
    counts: {
      async take(...question) {
        trips += 1;
        await wait(redisMilliseconds / 2);
        const answer = await redis.take(...question);
        await wait(redisMilliseconds / 2);
        return answer;
      },
    },
    clock: createStoreClock(() => ({ wall: time, steady: time - startedAt })),
    leaseSeconds: policy.limits.leaseSeconds,
    wait,
  });
  const metersOfCall = createMeters(policy.limits);

  async function answer(session: string, address: string): Promise<void> {
    const meters = metersOfCall({ session, address, network: undefined, total: 'all', isKnown: true });
    const { isRevoked, decisions } = await leases.take({ session, meters, cost: 1 });
    if (isRevoked || !decisions.every(({ allowed }) => allowed)) throw new Error(`${session} was refused.`);
    await leases.flush();
  }

  async function pass(milliseconds: number): Promise<void> {
    const until = time + milliseconds;
    for (;;) {
      await settled();
      const [next] = timers.sort((one, other) => one.at - other.at);
      if (next === undefined || next.at > until) break;
      timers.shift();
      time = next.at;
      next.ring();
    }
    time = until;
    if (failure) throw failure;
  }

  await play({
    call(session, address = 'address') {
      calls += 1;
      answer(session, address).catch((error) => {
        failure ??= error;
      });
    },
    pass,
  });
  await pass(0);
  return { calls, trips };
}

/** Lets everything go on that waits for no timer. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

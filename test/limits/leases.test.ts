import { describe, expect, test } from 'vitest';
import { createLeases, createMemoryLeases, type MeteredCall, type Verdict } from '../../src/limits/leases.ts';
import { leftAt, type Meter, windowAt } from '../../src/limits/meter.ts';
import type { CallCounts, Want } from '../../src/store/callCounts.ts';
import { createStoreClock } from '../../src/store/clocks.ts';
import { createCallCountsModel } from '../support/callCountsModel.ts';
import { fc } from '../support/property.ts';

/** Numbers of runs: `DAYPASS_LEASE_RUNS` asks for more. */
const numRuns = Number(process.env.DAYPASS_LEASE_RUNS ?? 400);

const windowSeconds = 60;
const meterOf = (changes: Partial<Meter> = {}): Meter => ({
  name: 'session',
  key: changes.name ?? 'session',
  limit: 20,
  windowSeconds,
  algorithm: 'sliding-window',
  ...changes,
});

/** Something on its way to Redis or back. */
type Carried = () => void | Promise<void>;

/** A call that passed, or may have: in the order in which that was decided, and when, by Redis's clock. */
interface Pass {
  key: string;
  cost: number;
  at: number;
}

/** A call of the tests: its session is its own, so that a question is known to be this call's. */
interface Call extends MeteredCall {
  session: string;
}

/**
 * Several instances over one Redis, whose clock is the truth. Nothing moves by itself: questions wait until they are
 * carried, and so do their answers.
 */
function createWorld(leaseSeconds: number, isLost = () => false) {
  let time = 1_800_000_000_000;
  const model = createCallCountsModel(() => time);
  const carried: Carried[] = [];
  const passes: Pass[] = [];
  const askedBy = new Set<string>();
  let questions = 0;

  function createInstance(skewMilliseconds: number) {
    let isAlive = true;
    const born = time;
    const waits: (() => void)[] = [];
    const counts: CallCounts = {
      take(session, at, wants) {
        questions += 1;
        // What is in hand is spent here, if the call passes; what is needed is taken where Redis says so.
        const spent =
          session === undefined ? [] : wants.filter(({ need }) => need === 0).map((want) => note(want, time));
        if (session !== undefined) askedBy.add(session);
        return new Promise((resolve, reject) => {
          carried.push(async () => {
            const answer = await model.take(session, at, wants);
            const suffices = wants.every(
              ({ need }, index) => need <= (answer.counts?.[index]?.granted ?? -1),
            );
            if (!suffices) for (const pass of spent) pass.cost = 0;
            for (const want of wants) if (suffices && want.need > 0) note(want, at ?? time);
            carried.push(() => {
              // Redis has done it, and nobody hears of it.
              if (isLost()) {
                for (const pass of spent) pass.cost = 0;
                reject(new Error('late'));
              }
              if (isAlive) resolve(answer);
            });
          });
        });
      },
    };
    const leases = createLeases({
      counts,
      clock: createStoreClock(() => ({ wall: time + skewMilliseconds, steady: time - born })),
      leaseSeconds,
      wait: () => new Promise((resolve) => waits.push(resolve)),
    });
    return {
      leases,
      end() {
        isAlive = false;
      },
      /** Whether the call passes; undefined when the instance ends before it says so. */
      async take(call: Call): Promise<boolean | undefined> {
        // Redis may be so slow that its clock is never sure.
        const verdict = await leases.take(call).catch(() => undefined);
        if (!isAlive || !verdict) return undefined;
        const passed = isPass(verdict);
        // Nobody was asked: it was spent at this moment.
        if (passed && !askedBy.has(call.session)) {
          for (const { meter, bucket } of call.meters) {
            passes.push({ key: keyOf(meter, bucket), cost: call.cost, at: time });
          }
        }
        return passed;
      },
      /** Gives back, as if `leaseSeconds` had passed since somebody was asked to. */
      async flush() {
        void leases.flush();
        await ticks();
        for (const resolve of waits.splice(0)) resolve();
        await ticks();
      },
    };
  }

  function note({ key }: Want, at: number): Pass {
    const pass = { key, cost: 1, at };
    passes.push(pass);
    return pass;
  }

  return {
    model,
    passes,
    createInstance,
    get time() {
      return time;
    },
    get questions() {
      return questions;
    },
    advance(milliseconds: number) {
      time += milliseconds;
    },
    /** Carries a question or an answer; the first is the oldest. */
    async carry(index: number) {
      const [next] = carried.splice(index % Math.max(1, carried.length), 1);
      await next?.();
      await ticks();
    },
    async carryAll() {
      while (carried.length > 0) await this.carry(0);
    },
  };
}

const keyOf = ({ name, windowSeconds: seconds }: Meter, bucket: string) => `${name}:${seconds}:${bucket}`;

function isPass({ isRevoked, decisions }: Verdict): boolean {
  return !isRevoked && decisions.every(({ allowed }) => allowed);
}

async function ticks(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

type Step =
  | { kind: 'call'; instance: number; caller: number; cost: number }
  | { kind: 'carry'; index: number }
  | { kind: 'carryAll' }
  | { kind: 'advance'; milliseconds: number }
  | { kind: 'flush'; instance: number }
  | { kind: 'end'; instance: number };

const instances = 3;
const whole = (min: number, max: number) => fc.integer({ min, max });
const instance = whole(0, instances - 1);
/** Mostly as long as a page's calls lie apart; at times a window and more. */
const milliseconds = fc.oneof(
  { weight: 12, arbitrary: whole(0, 300) },
  { weight: 2, arbitrary: whole(300, 20_000) },
  { weight: 2, arbitrary: whole(50_000, 70_000) },
);
const kind = <Kind extends string>(name: Kind) => fc.constant(name);

/** @param cost of the dearest call */
function stepsOf(cost: number): fc.Arbitrary<Step[]> {
  const call = fc.record({ kind: kind('call'), instance, caller: whole(0, 1), cost: whole(1, cost) });
  return fc.array<Step>(
    fc.oneof(
      { weight: 24, arbitrary: call },
      { weight: 8, arbitrary: fc.record({ kind: kind('carry'), index: whole(0, 5) }) },
      { weight: 12, arbitrary: fc.record({ kind: kind('carryAll') }) },
      { weight: 8, arbitrary: fc.record({ kind: kind('advance'), milliseconds }) },
      { weight: 2, arbitrary: fc.record({ kind: kind('flush'), instance }) },
      { weight: 1, arbitrary: fc.record({ kind: kind('end'), instance }) },
    ),
    { minLength: 40, maxLength: 160, size: 'max' },
  );
}

const skews = fc.array(whole(-30_000, 30_000), { minLength: instances, maxLength: instances });
const leaseSeconds = fc.constantFrom(0, 1, 5);
const algorithm = fc.constantFrom('sliding-window' as const, 'fixed-window' as const);
/** Which answers of sixteen are lost. */
const lost = fc.oneof(fc.constant<number[]>([]), fc.array(whole(0, 15), { maxLength: 6 }));
const settings = (cost: number) => fc.record({ steps: stepsOf(cost), skews, leaseSeconds, algorithm, lost });

/** Plays the steps, and carries what they leave behind. */
async function play(
  given: { steps: Step[]; skews: number[]; leaseSeconds: number; lost: number[] },
  meters: readonly Meter[],
) {
  let answers = 0;
  const world = createWorld(given.leaseSeconds, () => given.lost.includes(answers++ % 16));
  const created = given.skews.map((skew) => world.createInstance(skew));
  let calls = 0;
  for (const step of given.steps) {
    if (step.kind === 'advance') world.advance(step.milliseconds);
    if (step.kind === 'carry') await world.carry(step.index);
    if (step.kind === 'carryAll') await world.carryAll();
    if (step.kind === 'flush') await created[step.instance]?.flush();
    if (step.kind === 'end') {
      created[step.instance]?.end();
      created[step.instance] = world.createInstance(given.skews[step.instance] ?? 0);
    }
    if (step.kind === 'call') {
      calls += 1;
      void created[step.instance]?.take(callOf(meters, step.caller, step.cost, calls));
      await ticks();
    }
  }
  await world.carryAll();
  return world;
}

/** The first meter counts each caller alone, the others all of them. */
function callOf(meters: readonly Meter[], caller: number, cost: number, number: number): Call {
  const buckets = meters.map((meter, index) => ({ meter, bucket: index === 0 ? `caller${caller}` : 'all' }));
  return { session: `call ${number}`, cost, meters: buckets };
}

describe('whatever instances end, and however their clocks stand', () => {
  test('no window grants more than its limit, and none is below zero', async () => {
    await fc.assert(
      fc.asyncProperty(settings(3), async (given) => {
        const { algorithm: of } = given;
        const { model } = await play(given, [
          meterOf({ algorithm: of }),
          meterOf({ name: 'total', limit: 30, algorithm: of }),
        ]);
        for (const [key, count] of model.counts) {
          expect(count).toBeGreaterThanOrEqual(0);
          expect(count).toBeLessThanOrEqual(key.startsWith('total') ? 30 : 20);
        }
      }),
      { numRuns },
    );
  });

  test('each call that passes would have passed the formula, over the calls that passed before it', async () => {
    await fc.assert(
      fc.asyncProperty(settings(1), async (given) => {
        const { algorithm: of } = given;
        const meters = [meterOf({ algorithm: of }), meterOf({ name: 'total', limit: 30, algorithm: of })];
        const { passes } = await play(given, meters);
        const before = new Map<string, number>();
        for (const { key, at } of passes.filter(({ cost }) => cost > 0)) {
          const meter = meters.find(({ name }) => key.startsWith(name)) as Meter;
          const window = windowAt(meter, at);
          const passed = (index: number) => before.get(`${key} ${index}`) ?? 0;
          const known = { current: passed(window), previous: passed(window - 1) };
          expect(leftAt(meter, known, at)).toBeGreaterThanOrEqual(1);
          before.set(`${key} ${window}`, known.current + 1);
        }
      }),
      { numRuns },
    );
  });
});

test('a single instance refuses no call early, whatever it has in hand', async () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: kind('call'), caller: whole(0, 1), cost: whole(1, 3) }) },
    { weight: 4, arbitrary: fc.record({ kind: kind('advance'), milliseconds }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('flush') }) },
  );
  const steps = fc.array(step, { minLength: 40, maxLength: 160, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, leaseSeconds, algorithm, async (given, seconds, of) => {
      const world = createWorld(seconds);
      const alone = world.createInstance(12_345);
      const meters = [meterOf({ algorithm: of }), meterOf({ name: 'total', limit: 30, algorithm: of })];
      const passed = new Map<string, number>();
      let calls = 0;
      for (const next of given) {
        if (next.kind === 'advance') world.advance(next.milliseconds);
        if (next.kind === 'flush') {
          await alone.flush();
          await world.carryAll();
        }
        if (next.kind !== 'call') continue;
        calls += 1;
        const call = callOf(meters, next.caller, next.cost, calls);
        const taken = alone.take(call);
        await ticks();
        await world.carryAll();
        const has = await taken;
        const keys = call.meters.map(({ meter, bucket }) => ({ meter, key: keyOf(meter, bucket) }));
        const isLeft = keys.every(({ meter, key }) => {
          // Redis's clock is known but for a thousandth of half a minute.
          const at = Math.max(world.time - 40, windowAt(meter, world.time) * windowSeconds * 1000);
          const of_ = (window: number) => passed.get(`${key} ${window}`) ?? 0;
          const window = windowAt(meter, at);
          return leftAt(meter, { current: of_(window), previous: of_(window - 1) }, at) >= next.cost;
        });
        if (isLeft) expect(has).toBe(true);
        if (!has) continue;
        for (const { meter, key } of keys) {
          const name = `${key} ${windowAt(meter, world.time)}`;
          passed.set(name, (passed.get(name) ?? 0) + next.cost);
        }
      }
    }),
    { numRuns },
  );
});

/** One instance over its Redis, with whatever it asks carried at once. */
function createQuick(leaseSeconds: number, meters = [meterOf({ limit: 60 })]) {
  const world = createWorld(leaseSeconds);
  const { leases } = world.createInstance(0);
  return {
    world,
    leases,
    async call(caller = 0, cost = 1, session = `caller${caller}`) {
      const taken = leases.take({ ...callOf(meters, caller, cost, 0), session });
      await ticks();
      await world.carryAll();
      return taken;
    },
  };
}

test('a revocation is seen as soon as the last answer is older than the lease, and at once without one', async () => {
  for (const seconds of [0, 1, 5]) {
    const { world, call } = createQuick(seconds);
    for (let calls = 0; calls < 4; calls += 1) expect(isPass(await call())).toBe(true);
    world.model.revoked.add('caller0');
    world.advance(seconds * 1000);
    expect((await call()).isRevoked).toBe(true);
  }
});

test('calls that cost more are refused sooner, and what is left is for cheaper ones', async () => {
  const { call } = createQuick(1, [meterOf({ limit: 10, algorithm: 'fixed-window' })]);
  expect(isPass(await call(0, 8))).toBe(true);
  const refused = await call(0, 3);
  expect(refused.decisions).toMatchObject([{ allowed: false, remaining: 2 }]);
  expect(isPass(await call(0, 2))).toBe(true);
  expect(isPass(await call(0, 1))).toBe(false);
});

test('a price that is known afterwards is charged beyond the limit, also where other instances call', async () => {
  const meters = [meterOf({ limit: 10, algorithm: 'fixed-window' })];
  const { world, leases, call } = createQuick(1, meters);
  const other = world.createInstance(0);
  expect(isPass(await call())).toBe(true);
  leases.charge({ ...callOf(meters, 0, 1, 0), session: 'one' }, 29);
  expect(isPass(await call())).toBe(false);
  void leases.flush();
  await ticks();
  await world.carryAll();
  const elsewhere = other.take(callOf(meters, 0, 1, 1));
  await ticks();
  await world.carryAll();
  expect(await elsewhere).toBe(false);
  expect([...world.model.counts.values()]).toEqual([30]);
});

test('while Redis does not answer, what is known of the window still counts, and what passes is reported when it is back', async () => {
  const meters = [meterOf({ limit: 10, algorithm: 'fixed-window' })];
  const { world, leases, call } = createQuick(0, meters);
  for (let calls = 0; calls < 4; calls += 1) await call();
  const here = () => leases.takeLocally(callOf(meters, 0, 1, 0)).every(({ allowed }) => allowed);
  const allowed = Array.from({ length: 10 }, here);
  expect(allowed.filter((passes) => passes)).toHaveLength(6);
  world.advance(2000);
  expect(isPass(await call())).toBe(false);
  expect([...world.model.counts.values()]).toEqual([10]);
});

test('in memory, a refusal names every window: those that refuse, and those that have room', () => {
  const time = 1_800_000_000_000;
  const leases = createMemoryLeases(createStoreClock(() => ({ wall: time, steady: 0 })));
  const fixed = (name: string, limit: number, seconds: number) =>
    meterOf({ name, limit, windowSeconds: seconds, algorithm: 'fixed-window' });
  const meters = [fixed('minute', 2, 60), fixed('hour', 2, 3600), fixed('wide', 10, 60)];
  const take = () => leases.takeLocally(callOf(meters, 0, 1, 0));
  for (let calls = 0; calls < 2; calls += 1) expect(take().every(({ allowed }) => allowed)).toBe(true);
  for (let calls = 0; calls < 2; calls += 1) {
    expect(take()).toMatchObject([
      { name: 'minute', allowed: false, resetSeconds: 60 },
      { name: 'hour', allowed: false, resetSeconds: 3600 },
      { name: 'wide', allowed: true, remaining: 8 },
    ]);
  }
});

test('units that are not spent are given back when no calls come', async () => {
  const world = createWorld(1);
  const idle = world.createInstance(0);
  const taken = () => [...world.model.counts.values()].reduce((sum, count) => sum + count, 0);
  for (let calls = 0; calls < 4; calls += 1) {
    const call = idle.take(callOf([meterOf({ limit: 80 })], 0, 1, calls));
    await ticks();
    await world.carryAll();
    expect(await call).toBe(true);
  }
  expect(taken()).toBeGreaterThan(4);
  world.advance(1000);
  await idle.flush();
  await world.carryAll();
  expect(taken()).toBe(4);
});

test('calls that wait for an answer that reports a revocation are refused with the call that requested it', async () => {
  const { world, leases, call } = createQuick(1);
  await call();
  world.advance(2000);
  world.model.revoked.add('caller0');
  const before = world.questions;
  const burst = { ...callOf([meterOf({ limit: 60 })], 0, 1, 0), session: 'caller0' };
  const verdicts = Promise.all(Array.from({ length: 10 }, () => leases.take(burst)));
  await ticks();
  await world.carryAll();
  expect((await verdicts).map(({ isRevoked }) => isRevoked)).toEqual(Array.from({ length: 10 }, () => true));
  expect(world.questions - before).toBe(1);
  // And so are those that come when the answer is there.
  expect((await call()).isRevoked).toBe(true);
  expect([...world.model.counts.values()]).toEqual([1]);
});

test('a lease does not outlive a machine that slept, or a clock that stood still', async () => {
  let [wall, steady] = [1_800_000_000_000, 0];
  const model = createCallCountsModel(() => wall);
  const leases = createLeases({
    counts: model,
    clock: createStoreClock(() => ({ wall, steady })),
    leaseSeconds: 1,
  });
  const call = { ...callOf([meterOf({ limit: 60 })], 0, 1, 0), session: 'one' };
  for (let calls = 0; calls < 4; calls += 1) expect(isPass(await leases.take(call))).toBe(true);
  model.revoked.add('one');
  wall += 5000;
  expect((await leases.take(call)).isRevoked).toBe(true);
  model.revoked.clear();
  expect(isPass(await leases.take(call))).toBe(true);
  model.revoked.add('one');
  steady += 1000;
  expect((await leases.take(call)).isRevoked).toBe(true);
});

test('many sessions at once leave seven eighths of a ceiling to others', async () => {
  const meters = [meterOf(), meterOf({ name: 'total', limit: 2000, algorithm: 'fixed-window' })];
  const { world, leases, call } = createQuick(1, meters);
  expect(isPass(await call(1000))).toBe(true);
  const taken = Promise.all(
    Array.from({ length: 50 }, (_, caller) => leases.take(callOf(meters, caller, 1, caller))),
  );
  await ticks();
  await world.carryAll();
  expect((await taken).every(isPass)).toBe(true);
  const inHand = (passed: number) => {
    const counts = [...world.model.counts].flatMap(([key, count]) => (key.startsWith('total') ? count : []));
    return (counts[0] ?? 0) - passed;
  };
  expect(inHand(51)).toBeLessThanOrEqual((2000 - 50) / 8);
  for (let calls = 0; calls < 200; calls += 1) {
    const later = leases.take(callOf(meters, 100 + calls, 1, 100 + calls));
    await ticks();
    await world.carryAll();
    expect(isPass(await later)).toBe(true);
    expect(inHand(52 + calls)).toBeLessThanOrEqual((2000 - 50) / 8);
  }
});

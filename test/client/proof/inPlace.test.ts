import { beforeEach, expect, test, vi } from 'vitest';
import { prove } from '../../../client/proof/prove.ts';
import { solveInPlace } from '../../../client/proof/solve.ts';
import { createWork, readProof } from '../support/challenge.ts';
import { FakeSite, json, origin } from '../support/fakeSite.ts';
import { freeze } from '../support/freeze.ts';

freeze();
let site: FakeSite;
let told: number[];
beforeEach(() => {
  site = new FakeSite();
  site.install();
  told = [];
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

/** A clock that goes on by so much at each look, and counts how often way was given. */
function slices(stepMilliseconds: number) {
  const seen = { now: 0, looks: 0, turns: 0 };
  return {
    seen,
    clock: () => {
      seen.looks += 1;
      seen.now += stepMilliseconds;
      return seen.now;
    },
    giveWay: async () => {
      seen.turns += 1;
      // What the page does meanwhile is no part of a slice.
      seen.now += 1000;
    },
  };
}

const solve = async (counter: number, { clock, giveWay }: ReturnType<typeof slices>) => {
  const { challenge } = await createWork({ counter });
  return solveInPlace(challenge, () => {}, new AbortController(), clock, giveWay);
};

test.each([
  // Ten tries in one slice, which is over before the next.
  [0.8, 99, 9],
  [1, 99, 12],
  [4, 99, 50],
  // Each try is longer than a slice: the page has its turn before each.
  [100, 99, 100],
  [0, 99, 0],
])('a slice lasts eight milliseconds: steps of %s ms', async (step, counter, turns) => {
  const slice = slices(step);
  expect((await solve(counter, slice))?.counter).toBe(counter);
  expect(slice.seen.turns).toBe(turns);
});

test('way is given by a message, not by a timer, and no port stays open', async () => {
  // By which altcha-lib tells whether to wait for a timer of its own.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  vi.stubGlobal('setTimeout', () => {
    throw new Error('a timer');
  });
  const closed: unknown[] = [];
  const made: unknown[] = [];
  class Channel extends MessageChannel {
    constructor() {
      super();
      made.push(this.port1);
      const close = this.port1.close.bind(this.port1);
      this.port1.close = () => {
        closed.push(this.port1);
        close();
      };
    }
  }
  vi.stubGlobal('MessageChannel', Channel);
  const { challenge } = await createWork({ counter: 30 });
  const { clock } = slices(9);
  await solveInPlace(challenge, () => {}, new AbortController(), clock);
  expect(made).toHaveLength(31);
  expect(closed).toEqual(made);
});

test('it ends when the controller aborts', async () => {
  const { challenge } = await createWork({ counter: 1e9 });
  const controller = new AbortController();
  const slice = slices(8);
  const giveWay = async () => {
    await slice.giveWay();
    if (slice.seen.turns === 5) controller.abort();
  };
  expect(await solveInPlace(challenge, () => {}, controller, slice.clock, giveWay)).toBeNull();
  expect(slice.seen.turns).toBe(5);
});

/** Workers that fail in their own way, after one of them told of 12 tries. */
const failing: [string, new () => unknown][] = [
  [
    'throw',
    class {
      constructor() {
        throw new DOMException('forbidden', 'SecurityError');
      }
    },
  ],
  [
    'fail',
    class {
      onmessage?: (event: unknown) => void;
      onerror?: (event: unknown) => void;
      postMessage(): void {
        queueMicrotask(() => {
          this.onmessage?.({ data: { tries: 12 } });
          this.onerror?.({ message: 'died' });
        });
      }
      terminate(): void {}
    },
  ],
];

test.each(failing)(
  'where workers %s the proof holds all the same, and progress is reported from nothing to all',
  async (_, Failing) => {
    vi.stubGlobal('Worker', Failing);
    vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 40;
      return now;
    });
    const work = await createWork({ counter: 99 });
    site.once('GET /session/challenge', () => json(200, work));
    const proof = await prove({
      brokerUrl: `${origin}/session`,
      report: ({ fraction }) => told.push(fraction),
    });
    expect(await readProof(proof)).toEqual({ challenge: work.challenge, verified: true });
    expect(told.length).toBeGreaterThan(5);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
    expect([told[0], told.at(-1)]).toEqual([0, 1]);
  },
);

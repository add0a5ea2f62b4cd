import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import { solveInWorkers } from '../../../client/proof/createProve.ts';
import type { Task } from '../../../client/proof/solve.ts';
import type { SolverMessage } from '../../../client/proof/solver.ts';
import { createWork } from '../support/challenge.ts';
import { failureOf } from '../support/fakeSite.ts';

// The solvers are played here, for what real ones do not do on demand; a browser runs real ones (test/e2e).

let played: FakeWorker[];
let warnings: MockInstance<typeof console.warn>;

class FakeWorker {
  onmessage?: (event: { data: SolverMessage }) => void;
  onerror?: (event: { message: string }) => void;
  task?: Task;
  terminated = false;
  constructor() {
    played.push(this);
  }
  postMessage(task: Task): void {
    this.task = task;
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: SolverMessage): void {
    this.onmessage?.({ data });
  }
}

beforeEach(() => {
  played = [];
  warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const { challenge } = await createWork();
const solution = { counter: 3, derivedKey: '00' };

const create = () => new FakeWorker() as unknown as Worker;

async function start(
  cores: number | undefined,
  { signal = new AbortController().signal, createWorker = create } = {},
) {
  vi.stubGlobal('navigator', { hardwareConcurrency: cores });
  const tries: number[] = [];
  const answer = solveInWorkers(challenge, (count) => tries.push(count), signal, createWorker);
  return { answer, tries };
}

test.each([
  [undefined, 1],
  [1, 1],
  [2, 1],
  [4, 3],
  [64, 4],
])('of %s cores %i work, each on counters of its own', async (cores, count) => {
  const { answer } = await start(cores);
  expect(played.map(({ task }) => task)).toEqual(
    Array.from({ length: count }, (_, counterStart) => ({ challenge, counterStart, counterStep: count })),
  );
  played.at(-1)?.say({ solution });
  expect(await answer).toEqual(solution);
  expect(played.every(({ terminated }) => terminated)).toBe(true);
});

test('the first solver’s tries count for all', async () => {
  const { answer, tries } = await start(4);
  played[1]?.say({ tries: 7 });
  played[0]?.say({ tries: 8 });
  played[0]?.say({ solution });
  await answer;
  expect(tries).toEqual([24]);
});

test('a challenge that a solver cannot solve is reported, and the others are ended', async () => {
  const { answer } = await start(4);
  played[1]?.say({ error: 'TypeError: no' });
  expect(await failureOf(answer)).toMatchObject({ code: 'proof_failed', reason: 'TypeError: no' });
  expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
  expect(warnings).not.toHaveBeenCalled();
});

test.each([
  ['fails', 'Uncaught', 'Uncaught'],
  ['cannot be loaded', '', 'the solver could not be loaded'],
])(
  'a solver that %s is done without, with a warning, and the others are ended',
  async (_, message, reason) => {
    const { answer } = await start(4);
    played[1]?.onerror?.({ message });
    played[2]?.onerror?.({ message });
    expect(await answer).toBeUndefined();
    expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
    expect(warnings.mock.calls[0]?.[0]).toContain(reason);
  },
);

test.each([
  ['SecurityError', 'cannot be accessed from origin', /origin$/],
  ['TypeError', "This document requires 'TrustedScriptURL' assignment", /trusted-types daypass$/],
])(
  'solvers that the browser forbids (%s) are done without, and those before are ended',
  async (name, message, told) => {
    const createWorker = () => {
      if (played.length === 1) throw Object.assign(new Error(message), { name });
      return create();
    };
    const { answer } = await start(4, { createWorker });
    expect(await answer).toBeUndefined();
    expect(played.map(({ terminated }) => terminated)).toEqual([true]);
    expect(warnings.mock.calls).toEqual([[expect.stringMatching(told)]]);
  },
);

test('solvers that are silent for ten seconds are done without; each word of theirs begins the time again', async () => {
  const timers: { end: () => void; milliseconds: number; cleared: boolean }[] = [];
  vi.stubGlobal('setTimeout', (end: () => void, milliseconds: number) => {
    timers.push({ end, milliseconds, cleared: false });
    return timers.length - 1;
  });
  vi.stubGlobal('clearTimeout', (index?: number) => {
    const timer = timers[index ?? -1];
    if (timer) timer.cleared = true;
  });
  const { answer } = await start(4);
  played[2]?.say({ tries: 1 });
  expect(timers).toMatchObject([
    { milliseconds: 10_000, cleared: true },
    { milliseconds: 10_000, cleared: false },
  ]);
  timers[1]?.end();
  expect(await answer).toBeUndefined();
  expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
  expect(warnings.mock.calls).toEqual([[expect.stringContaining('does not answer')]]);
});

test('solvers are ended when the signal aborts', async () => {
  const controller = new AbortController();
  const { answer } = await start(4, { signal: controller.signal });
  controller.abort();
  expect(await answer).toBeNull();
  expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
});

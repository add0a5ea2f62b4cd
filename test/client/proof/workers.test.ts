import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Task } from '../../../client/proof/solve.ts';
import type { SolverMessage } from '../../../client/proof/solver.ts';
import { solveInWorkers } from '../../../client/proof/workers.ts';
import { createWork } from '../support/challenge.ts';
import { failureOf } from '../support/fakeSite.ts';

// The solvers are played here, for what real ones do not do on demand; a browser runs real ones (test/e2e).

let played: FakeWorker[];

class FakeWorker {
  onmessage?: (event: { data: SolverMessage }) => void;
  onerror?: (event: { message: string }) => void;
  task?: Task;
  terminated = false;
  readonly options: [string, unknown];
  constructor(url: URL, options: unknown) {
    this.options = [url.pathname.replace(/.*\//, ''), options];
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
  vi.stubGlobal('Worker', FakeWorker);
});
afterEach(() => vi.unstubAllGlobals());

const { challenge } = await createWork();
const solution = { counter: 3, derivedKey: '00' };

async function start(cores: number | undefined, signal = new AbortController().signal) {
  vi.stubGlobal('navigator', { hardwareConcurrency: cores });
  const tries: number[] = [];
  const answer = solveInWorkers(challenge, (count) => tries.push(count), signal);
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
  expect(played[0]?.options).toEqual(['solver.js', { type: 'module' }]);
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

test.each([
  ['posts an error', (worker) => worker.say({ error: 'TypeError: no' }), 'TypeError: no'],
  ['fails', (worker) => worker.onerror?.({ message: 'Uncaught' }), 'Uncaught'],
  [
    'cannot be loaded',
    (worker) => worker.onerror?.({ message: '' }),
    'The solver could not be loaded from beside this module',
  ],
] satisfies [string, (worker: FakeWorker) => void, string][])(
  'a solver that %s is told, and the others are ended',
  async (_, act, reason) => {
    const { answer } = await start(4);
    act(played[1] as FakeWorker);
    expect(await failureOf(answer)).toMatchObject({ code: 'proof_failed', reason });
    expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
  },
);

test('a solver that the browser forbids is told, and those before it are ended', async () => {
  class Forbidden extends FakeWorker {
    constructor(url: URL, options: unknown) {
      if (played.length === 1) throw new DOMException('cannot be accessed from origin', 'SecurityError');
      super(url, options);
    }
  }
  vi.stubGlobal('Worker', Forbidden);
  const { answer } = await start(4);
  await expect(answer).rejects.toThrow('cannot be accessed from origin');
  expect(played.map(({ terminated }) => terminated)).toEqual([true]);
});

test('solvers are ended when the signal aborts', async () => {
  const controller = new AbortController();
  const { answer } = await start(4, controller.signal);
  controller.abort();
  expect(await answer).toBeNull();
  expect(played.map(({ terminated }) => terminated)).toEqual([true, true, true]);
});

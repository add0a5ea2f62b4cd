import { expect, test, vi } from 'vitest';
import { createIdleTimer, createSharedTurn, idleSignal } from '../../src/store/clocks.ts';
import { createManualTime } from '../support/manualTime.ts';

function start(milliseconds: number) {
  const time = createManualTime();
  const ended = vi.fn();
  const stop = time.idleTimer.after(milliseconds, ended);
  return { time, ended, stop };
}

test('a process that has nothing else to do counts time as the clock does', () => {
  const { time, ended } = start(300);
  time.pass(299);
  expect(ended).not.toHaveBeenCalled();
  time.pass(1);
  expect(ended).toHaveBeenCalledTimes(1);
  time.pass(10_000);
  expect(ended).toHaveBeenCalledTimes(1);
});

test('a deadline in the midst of a slice gets its whole time', () => {
  const { time } = start(5000);
  time.pass(313);
  const ended = vi.fn();
  time.idleTimer.after(300, ended);
  time.pass(299);
  expect(ended).not.toHaveBeenCalled();
  time.pass(1);
  expect(ended).toHaveBeenCalledTimes(1);
});

test('a slice that ends late counts its own length, however late it is', () => {
  const { time, ended } = start(300);
  for (let slice = 0; slice < 15; slice += 1) {
    time.block(60_000);
    expect(ended).not.toHaveBeenCalled();
    // The loop turns at once: the process was idle again by then.
    time.block(0);
  }
  expect(ended).not.toHaveBeenCalled();
  // Behind the last slice it turns once more.
  time.block(0);
  expect(ended).toHaveBeenCalledTimes(1);
});

test('a slice behind which the event loop turns slowly counts a tenth, so that the end comes in any case', () => {
  const { time, ended } = start(300);
  let turns = 0;
  while (ended.mock.calls.length === 0 && turns < 1000) {
    time.block(10);
    turns += 1;
  }
  // Some 150 slices, each of two turns of 10 ms and one that shows how long turns are.
  expect(turns).toBe(446);
});

test('what is stopped does not end, not even in the turn behind its last slice', () => {
  const { time, ended, stop } = start(300);
  for (let turn = 0; turn < 30; turn += 1) time.block(turn % 2 === 0 ? 20 : 0);
  stop();
  time.pass(1000);
  expect(ended).not.toHaveBeenCalled();
});

test('however many deadlines there are, one timer runs; without any, none', () => {
  const waits: (() => void)[] = [];
  let present = 0;
  const wait = (milliseconds: number, callback: () => void) => {
    present += milliseconds;
    waits.push(callback);
  };
  const turn = (callback: () => void) => callback();
  const timer = createIdleTimer({ now: () => present, wait, turn });
  const stops = Array.from({ length: 1000 }, () => timer.after(300, () => undefined));
  expect(waits).toHaveLength(1);
  for (const stop of stops) stop();
  waits.shift()?.();
  expect(waits).toHaveLength(0);
  timer.after(300, () => undefined);
  expect(waits).toHaveLength(1);
});

test('a signal aborts as AbortSignal.timeout does', () => {
  const { time } = start(1);
  const signal = idleSignal(300, time.idleTimer);
  time.pass(299);
  expect(signal.aborted).toBe(false);
  time.pass(1);
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('the runtime`s own loop leaves no port of a channel open', async () => {
  let opened = 0;
  let closed = 0;
  const Channel = MessageChannel;
  vi.stubGlobal(
    'MessageChannel',
    class extends Channel {
      constructor() {
        super();
        for (const port of [this.port1, this.port2]) {
          opened += 1;
          const close = port.close.bind(port);
          port.close = () => {
            closed += 1;
            close();
          };
        }
      }
    },
  );
  await new Promise<void>((resolve) => void createIdleTimer().after(30, resolve));
  vi.unstubAllGlobals();
  expect(opened).toBeGreaterThan(0);
  expect(closed).toBe(opened);
});

test('calls wait for one turn of the event loop and go on in one tick; later ones wait for the next', async () => {
  const turns: (() => void)[] = [];
  const nextTurn = createSharedTurn({ turn: (callback) => void turns.push(callback) });
  const went: string[] = [];
  const go = (name: string) => nextTurn().then(() => went.push(name));
  const first = Promise.all([go('a'), go('b')]);
  await Promise.resolve();
  const later = go('c');
  expect([turns.length, went]).toEqual([1, []]);
  turns.shift()?.();
  await Promise.all([first, later]);
  expect(went).toEqual(['a', 'b', 'c']);
  const next = go('d');
  expect(turns).toHaveLength(1);
  expect(went).toHaveLength(3);
  turns.shift()?.();
  await next;
  expect(went).toEqual(['a', 'b', 'c', 'd']);
});

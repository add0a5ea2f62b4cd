import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connectStore } from '../../src/netlify/wireSessionCheck.ts';
import { readCounts } from '../../src/store/counters.ts';
import { storeCall } from '../../src/store/redis.ts';
import { createSkippableTime, type SkippableTime } from '../support/manualTime.ts';
import { command, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();
let time: SkippableTime;
const noon = Date.UTC(2026, 10, 21, 12);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: noon });
  time = createSkippableTime();
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  bridge().setFault(undefined);
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  time.skip(milliseconds);
}

function connect(timeoutMilliseconds: number) {
  const lines: object[] = [];
  const { url, token } = bridge();
  const log = (event: string, fields: object = {}) => void lines.push({ event, ...fields });
  const store = connectStore({ url, token, timeoutMilliseconds }, { part: 'guard' }, log, time);
  const call = () =>
    codeOf(() => store.circuit.run(() => storeCall(store.redis.set('beside', 'x', { ex: 9 }))));
  const counts = async () =>
    (await readCounts(patient(bridge()), Date.now())).map(({ event, count }) => [event, count]);
  return { ...store, lines, call, counts };
}

test('while Redis is slow but alive, the calls that try it send no counts: none is there twice', async () => {
  const { counters, lines, call, counts } = connect(300);
  await call();
  bridge().setFault({ kind: 'bad-gateway' });
  await call();
  pass(300);
  await call();
  counters.add('passed');
  // From here on Redis does what it is told, and answers too late.
  bridge().setFault({ kind: 'slow', delayMilliseconds: 8000 });
  for (let second = 0; second < 4; second += 1) {
    pass(1000);
    await call();
  }
  bridge().setFault(undefined);
  pass(1000);
  await call();
  expect(await counts()).toEqual([]);
  await call();
  expect(await counts()).toEqual([
    ['circuit_opened', 1],
    ['passed', 1],
    ['circuit_closed', 1],
  ]);
  expect(lines).toEqual([
    { event: 'circuit_opened', part: 'guard', cause: expect.any(String) },
    { event: 'circuit_closed', part: 'guard' },
  ]);
});

test('counts travel in the request of a call', async () => {
  const { counters, call, counts } = connect(5000);
  counters.add('passed');
  pass(1000);
  const before = bridge().requests;
  await call();
  expect(bridge().requests - before).toBe(1);
  expect(await counts()).toEqual([['passed', 1]]);
});

import { expect, test } from 'vitest';
import type { Seen } from '../../../../demo/site/wire/exchange.ts';
import { byItself, Runs, totalMilliseconds } from '../../../../demo/site/wire/timeline.ts';

function out(id: number, startedAt = 0): Seen {
  return {
    id,
    startedAt,
    request: { method: 'GET', path: `/${id}`, headers: {} },
  };
}

function back(id: number, startedAt = 0, milliseconds = 5): Seen {
  const answer = {
    status: 200,
    headers: new Headers(),
    body: undefined,
    milliseconds,
  };
  return { ...out(id, startedAt), answer };
}

function paths(runs: Runs) {
  return runs.all.map(({ title, requests }) => [title, ...requests.map(({ request }) => request.path)]);
}

test('requests belong to the button that was pressed, newest run first', () => {
  const runs = new Runs();
  runs.begin('Get a pass', 0);
  for (const seen of [out(1), back(1), out(2)]) runs.add(seen, 0);
  runs.finish('Done.');
  runs.begin('Call', 0);
  runs.add(out(3), 0);
  // An answer that comes in after its button is done stays with it.
  runs.add(back(2), 0);
  expect(paths(runs)).toEqual([
    ['Call', '/3'],
    ['Get a pass', '/1', '/2'],
  ]);
  expect(runs.all.map(({ result }) => result)).toEqual([undefined, 'Done.']);
  expect(runs.all[1]?.requests.every(({ answer }) => answer)).toBe(true);
});

test('what no button caused is a run by itself, as long as it goes on', () => {
  const runs = new Runs();
  runs.add(out(1, 0), 0);
  runs.add(out(2, 1500), 0);
  runs.add(out(3, 9000), 0);
  expect(paths(runs)).toEqual([
    [byItself, '/3'],
    [byItself, '/1', '/2'],
  ]);
});

test('the answer to a request that was cleared away opens no run', () => {
  const runs = new Runs();
  runs.begin('Call', 0);
  runs.add(out(1), 0);
  runs.clear();
  runs.add(back(1), 0);
  expect(runs.all).toEqual([]);
});

test('old runs go, so that an open page does not grow', () => {
  const runs = new Runs();
  for (let n = 0; n < 50; n += 1) {
    runs.begin(`Run ${n}`, 0);
    runs.finish('Done.');
  }
  expect(runs.all).toHaveLength(20);
  expect(runs.all[0]?.title).toBe('Run 49');
});

test('the time of a run is from its first start to its last end', () => {
  const runs = new Runs();
  runs.begin('Call', 0);
  expect(totalMilliseconds(runs.all[0] as never)).toBeUndefined();
  runs.add(back(1, 100, 50), 0);
  runs.add(out(2, 160), 0);
  expect(totalMilliseconds(runs.all[0] as never)).toBeUndefined();
  runs.add(back(2, 160, 20), 0);
  expect(totalMilliseconds(runs.all[0] as never)).toBe(80);
});

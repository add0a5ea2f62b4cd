import type { Bench, Row } from './support/bench.ts';
import { costOfCalls, startBackends, startGate, startProxy } from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';

const connections = [1, 10, 100, 1_000];

const sessions = 1_000;

/** The same sessions call by turns, whether on one connection or on a thousand; on each, a call follows an answer. */
export const bench: Bench = {
  question:
    'Does a call cost more as connections grow? On Deno, compared with a bare proxy under the same load',
  async run(context) {
    const backends = await startBackends(context);
    const { gate, mint } = await startGate(context, backends, { runtime: 'Deno' });
    const proxy = await startProxy(context, backends, 'Deno');
    const calls = context.isQuick ? 1_000 : 10_000;
    const bearers = await mint(sessions);
    const sides = connections.flatMap((count) => {
      const load = { connections: count, calls, bearers };
      return [
        [`gate ${count}`, () => costOfCalls(gate, () => load)],
        [`proxy ${count}`, () => costOfCalls(proxy, () => load)],
      ] as const;
    });
    const costs = await interleave(context.isQuick ? 2 : 9, Object.fromEntries(sides));
    const cpu = (name: string) => (costs[name] ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds);
    const latency = (name: string) =>
      (costs[name] ?? []).map(({ latencyMilliseconds }) => latencyMilliseconds);
    return connections.slice(1).map(
      (count): Row => ({
        what: `CPU of a call, ${count.toLocaleString('en').replace(',', ' ')} connections`,
        baseline: '1 connection',
        figure: ratioOf(cpu(`gate ${count}`), cpu('gate 1')),
        unit: '×',
        toReach: { atMost: 1.25 },
        note: `${against(cpu(`gate ${count}`), cpu('gate 1'), 'µs')}, the proxy ${against(cpu(`proxy ${count}`), cpu('proxy 1'), 'µs')}; latency ${against(latency(`gate ${count}`), latency(`proxy ${count}`), 'ms')} of the proxy`,
      }),
    );
  },
};

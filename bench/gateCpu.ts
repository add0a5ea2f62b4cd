import type { Bench, BenchContext, Row } from './support/bench.ts';
import { type Backends, costOfCalls, startBackends, startGate, startProxy } from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';
import type { Runtime } from './support/startProgram.ts';

// Alone, while you tune the gate: npm run bench -- gate-cpu --quick

const connections = 10;
const sessions = 200;

/** CPU time of the gate's process alone: Redis, its bridge and the upstream have processes of their own. */
export const bench: Bench = {
  question: 'What does a call through the gate cost beside a bare proxy? 10 connections, 200 sessions',
  async run(context) {
    const backends = await startBackends(context);
    return [...(await measure(context, backends, 'Node')), ...(await measure(context, backends, 'Deno'))];
  },
};

async function measure(context: BenchContext, backends: Backends, runtime: Runtime): Promise<Row[]> {
  const { gate, mint } = await startGate(context, backends, { runtime });
  const proxy = await startProxy(context, backends, runtime);
  const bearers = await mint(sessions);
  const load = { connections, calls: context.isQuick ? 2_000 : 10_000, bearers };
  const costs = await interleave(context.isQuick ? 3 : 9, {
    gate: () => costOfCalls(gate, () => load),
    proxy: () => costOfCalls(proxy, () => load),
  });
  const cpu = (side: 'gate' | 'proxy') => costs[side].map(({ cpuMicroseconds }) => cpuMicroseconds);
  const latency = (side: 'gate' | 'proxy') =>
    costs[side].map(({ latencyMilliseconds }) => latencyMilliseconds);
  const beside = 'a bare Hono proxy';
  return [
    {
      what: `CPU of a call, ${runtime}`,
      beside,
      figure: ratioOf(cpu('gate'), cpu('proxy')),
      unit: '×',
      toReach: { atMost: 1.5 },
      note: against(cpu('gate'), cpu('proxy'), 'µs'),
    },
    {
      what: `median latency, ${runtime}`,
      beside,
      figure: ratioOf(latency('gate'), latency('proxy')),
      unit: '×',
      note: against(latency('gate'), latency('proxy'), 'ms'),
    },
  ];
}

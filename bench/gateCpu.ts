import type { Bench, BenchContext, Row } from './support/bench.ts';
import { type Backends, costOfCalls, startBackends, startGate, startProxy } from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { against, written } from './support/report.ts';
import { ratioOf, spreadOf } from './support/spread.ts';
import type { Runtime } from './support/startProgram.ts';

// By itself, while you tune the gate: npm run bench -- gate-cpu --quick

const connections = 10;
const sessions = 200;

/** CPU time of only the gate's process: Redis, its bridge and the upstream have processes of their own. */
export const bench: Bench = {
  question: 'What does a call through the gate cost compared with a bare proxy? 10 connections, 200 sessions',
  async run(context) {
    const backends = await startBackends(context);
    return [...(await measure(context, backends, 'Node')), ...(await measure(context, backends, 'Deno'))];
  },
};

async function measure(context: BenchContext, backends: Backends, runtime: Runtime): Promise<Row[]> {
  const { gate, mint } = await startGate(context, backends, { runtime });
  const proxy = await startProxy(context, backends, runtime);
  const bearers = await mint(sessions);
  const calls = context.isQuick ? 2_000 : 10_000;
  const load = { connections, calls, bearers, warmUpCalls: 5 * sessions };
  const costs = await interleave(context.isQuick ? 3 : 9, {
    gate: () => costOfCalls(gate, () => load, backends.redis),
    proxy: () => costOfCalls(proxy, () => load),
  });
  const trips = costs.gate.map(({ redisRequests }) => redisRequests);
  const cpu = (side: 'gate' | 'proxy') => costs[side].map(({ cpuMicroseconds }) => cpuMicroseconds);
  const latency = (side: 'gate' | 'proxy') =>
    costs[side].map(({ latencyMilliseconds }) => latencyMilliseconds);
  const baseline = 'a bare Hono proxy';
  return [
    {
      what: `CPU of a call, ${runtime}`,
      baseline,
      figure: ratioOf(cpu('gate'), cpu('proxy')),
      unit: '×',
      toReach: { atMost: 1.5 },
      // The fewer calls a second, the fewer a lease of one second serves: on a busy machine the gate asks more often.
      note: `${against(cpu('gate'), cpu('proxy'), 'µs')}; ${written(spreadOf(trips).median)} requests to Redis a call`,
    },
    {
      what: `median latency, ${runtime}`,
      baseline,
      figure: ratioOf(latency('gate'), latency('proxy')),
      unit: '×',
      note: against(latency('gate'), latency('proxy'), 'ms'),
    },
  ];
}

import type { Bench, BenchContext, Row } from './support/bench.ts';
import { type CallCost, costOfCalls, startGateStand } from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { written } from './support/report.ts';
import { ratioOf, spreadOf } from './support/spread.ts';
import type { Runtime } from './support/startProgram.ts';

// Alone, while you tune the gate: npm run bench -- gate-cpu --quick

const connections = 10;
const sessions = 200;

/** CPU time of the gate's process alone: Redis, its bridge and the upstream have processes of their own. */
export const bench: Bench = {
  question: 'What CPU does a call through the gate cost beside a bare proxy? 10 connections, 200 sessions',
  async run(context) {
    const rows: Row[] = [];
    for (const runtime of ['Node', 'Deno'] as const) rows.push(...(await measure(context, runtime)));
    return rows;
  },
};

async function measure(context: BenchContext, runtime: Runtime): Promise<Row[]> {
  const stand = await startGateStand(context, { runtime });
  const bearers = await stand.mint(sessions);
  const calls = context.isQuick ? 3_000 : 10_000;
  const latencies: Record<'gate' | 'proxy', number[]> = { gate: [], proxy: [] };
  const side = (name: 'gate' | 'proxy') => async (round: number) => {
    const cost: CallCost = await costOfCalls(stand[name], () => ({ connections, calls, bearers }));
    if (round >= 0) latencies[name].push(cost.latencyMilliseconds);
    return cost.cpuMicroseconds;
  };
  const cpu = await interleave(context.isQuick ? 3 : 9, { gate: side('gate'), proxy: side('proxy') });
  const beside = 'a bare Hono proxy';
  return [
    {
      what: `CPU of a call, ${runtime}`,
      beside,
      figure: ratioOf(cpu.gate, cpu.proxy),
      unit: '×',
      toReach: { atMost: 1.5 },
      note: against(cpu, 'µs'),
    },
    {
      what: `median latency, ${runtime}`,
      beside,
      figure: ratioOf(latencies.gate, latencies.proxy),
      unit: '×',
      note: against(latencies, 'ms'),
    },
  ];
}

function against({ gate, proxy }: Record<'gate' | 'proxy', number[]>, unit: string): string {
  return `${written(spreadOf(gate).median)} ${unit} against ${written(spreadOf(proxy).median)} ${unit}`;
}

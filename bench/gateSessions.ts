import { setTimeout as delay } from 'node:timers/promises';
import { defaultLimits } from '../src/policy/limits.ts';
import type { Bench, BenchContext, Row } from './support/bench.ts';
import {
  type Backends,
  type Calls,
  costOfCalls,
  startBackends,
  startGate,
  startProxy,
} from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';
import type { Runtime } from './support/startProgram.ts';

const connections = 10;

/** The gate's worst case: nothing that it remembers of one call serves the next, and each asks Redis. */
export const bench: Bench = {
  question: 'What does it cost where each call is of another session? 10 connections, 10 000 sessions',
  async run(context) {
    const backends = await startBackends(context);
    return [...(await measure(context, backends, 'Node')), ...(await measure(context, backends, 'Deno'))];
  },
};

async function measure(context: BenchContext, backends: Backends, runtime: Runtime): Promise<Row[]> {
  const { gate, mint } = await startGate(context, backends, { runtime });
  const proxy = await startProxy(context, backends, runtime);
  const calls = context.isQuick ? 1_000 : 10_000;
  let bearers = await mint(calls);
  const same = (): Calls => ({ connections, calls, bearers });
  const others = async () => {
    bearers = await mint(calls);
    return same();
  };
  const cpu = await interleave(context.isQuick ? 2 : 7, {
    first: async () => (await costOfCalls(gate, others)).cpuMicroseconds,
    again: async () => {
      // What the gate holds for a session is not to serve its second call.
      await delay(1.1 * defaultLimits.leaseSeconds * 1000);
      return (await costOfCalls(gate, same)).cpuMicroseconds;
    },
    proxy: async () => (await costOfCalls(proxy, same)).cpuMicroseconds,
  });
  const row = (what: string, ours: readonly number[]): Row => ({
    what: `CPU of ${what}, ${runtime}`,
    baseline: 'a bare Hono proxy',
    figure: ratioOf(ours, cpu.proxy),
    unit: '×',
    toReach: { atMost: 3 },
    note: against(ours, cpu.proxy, 'µs'),
  });
  return [row("a session's first call", cpu.first), row("a session's second call", cpu.again)];
}

import type { PolicyInput } from '../src/policy/types.ts';
import type { Bench, BenchContext, Row } from './support/bench.ts';
import { type Backends, costOfCalls, startBackends, startGate, wideLimits } from './support/gateStand.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';

const connections = 10;

/** The called route is the last one: all others are looked at first. */
export const bench: Bench = {
  question: 'Does a call cost more as routes grow? On Deno, the last route called',
  async run(context) {
    const backends = await startBackends(context);
    const [one, hundred, thousand] = await Promise.all([
      startGateWith(context, backends, 1),
      startGateWith(context, backends, 100),
      startGateWith(context, backends, 1_000),
    ]);
    const cpu = await interleave(context.isQuick ? 3 : 9, { one, hundred, thousand });
    const row = (routes: string, ours: number[]): Row => ({
      what: `CPU of a call, ${routes} routes`,
      baseline: '1 route',
      figure: ratioOf(ours, cpu.one),
      unit: '×',
      toReach: { atMost: 1.1 },
      note: against(ours, cpu.one, 'µs'),
    });
    return [row('100', cpu.hundred), row('1 000', cpu.thousand)];
  },
};

async function startGateWith(
  context: BenchContext,
  backends: Backends,
  routes: number,
): Promise<() => Promise<number>> {
  const others = Array.from({ length: routes - 1 }, (_, number) => ({ path: `/api/part-${number}/*` }));
  const policy: PolicyInput = { limits: wideLimits, routes: [...others, { path: '/api/items' }] };
  const { gate, mint } = await startGate(context, backends, { runtime: 'Deno', policy });
  const bearers = await mint(200);
  const calls = context.isQuick ? 1_500 : 10_000;
  return async () => (await costOfCalls(gate, () => ({ connections, calls, bearers }))).cpuMicroseconds;
}

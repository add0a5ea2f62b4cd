import { playScript, scripts } from '../test/support/scriptedCalls.ts';
import type { Bench, Row } from './support/bench.ts';
import { exact } from './support/spread.ts';

const toReach = { burst: 0.3, page: undefined, steady: 0.4, crowd: 1 };

/** Counted in scripted runs on a clock of their own; `test/gate/redisCosts.test.ts` holds each figure. */
export const bench: Bench = {
  question: 'How often does a call ask Redis? Default limits, one instance, Redis 20 ms away',
  async run() {
    const rows: Row[] = [];
    for (const [name, script] of Object.entries(scripts)) {
      const { calls, trips } = await playScript(script);
      const atMost = toReach[name as keyof typeof toReach];
      rows.push({
        what: script.what,
        baseline: 'one round trip a call',
        figure: exact(trips / calls),
        unit: 'a call',
        ...(atMost !== undefined && { toReach: { atMost } }),
        note: `${trips} round trips for ${calls} calls`,
      });
    }
    return rows;
  },
};

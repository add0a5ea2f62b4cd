import type { Decision } from '../limits/decision.ts';
import type { Log } from '../protocol/log.ts';
import type { Counters } from '../store/counters.ts';

/** What is left of a ceiling when its owner is told. */
const nearShare = 0.2;

/**
 * Tells when a ceiling (`total`, of the site or of a route) has a fifth left and when it is reached: a line of the log and a
 * count, once per instance and window.
 */
export function createCeilings(counters: Pick<Counters, 'add'>, log: Log) {
  const told = new Map<string, 'near' | 'reached'>();
  return (decisions: readonly Decision[], route: string | undefined): void => {
    for (const { name, allowed, limit, remaining, resetSeconds } of decisions) {
      if (!/^total\b/.test(name)) continue;
      const state = allowed ? (remaining <= limit * nearShare ? 'near' : undefined) : 'reached';
      const before = told.get(name);
      if (state === undefined) told.delete(name);
      if (state === undefined || state === before || before === 'reached') continue;
      told.set(name, state);
      const event = `ceiling_${state}` as const;
      counters.add(event, { route });
      log(event, { ceiling: name, limit, remaining, resetSeconds });
    }
  };
}

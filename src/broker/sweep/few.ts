import type { Log } from '../../protocol/log.ts';
import { startOf } from './place.ts';
import { type SweepDependencies, SweepRun } from './run.ts';
import { sweepPage } from './sweepPage.ts';

const bounds = { budgetSeconds: 3, mostDeletions: 5 };
const perPage = 100;
const pauseSeconds = 10;
/** How long an instance leaves Identity alone that cannot filter: whole lists are the scheduled sweep's work. */
const unfilteredPauseSeconds = 3600;

/**
 * Sweeps a little beside the exchanges, so that a busy site needs no schedule to stay clean: at most once in 10
 * seconds, one page of the filtered list, the 5 oldest of it.
 * @returns called at each exchange; resolves when what was to be done is done, and throws what `sweepPage` throws
 */
export function createFewSweeps(broker: SweepDependencies, log: Log): () => Promise<void> {
  let place = startOf('');
  let nextAt = 0;
  return async () => {
    const now = broker.now();
    if (now < nextAt) return;
    nextAt = now + pauseSeconds;
    const run = new SweepRun(broker, bounds);
    const { next, state } = await sweepPage(run, place, perPage);
    if (!next.filtered) nextAt = now + unfilteredPauseSeconds;
    // A place in this list is no place in one without the filter.
    place = state === 'more' && next.filtered ? next : startOf('');
    const { deleted, gone, failed } = run;
    if (deleted + gone + failed > 0) log('sweep_few', { deleted, gone, failed });
  };
}

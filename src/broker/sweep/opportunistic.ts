import type { Log } from '../../protocol/log.ts';
import { PageSize } from './pageSize.ts';
import { startOf } from './place.ts';
import { type SweepDependencies, SweepRun } from './run.ts';
import { sweepPage } from './sweepPage.ts';

const bounds = { budgetSeconds: 3, mostDeletions: 5, passesFailed: true };
const mostPerPage = 100;
/** Pages in one turn, where none of them holds the 5. */
const mostPages = 4;
const shortPauseSeconds = 10;
/** How long an instance leaves Identity alone that cannot filter: whole lists are the scheduled sweep's work. */
const unfilteredPauseSeconds = 3600;

/**
 * Sweeps a little beside the exchanges, so that a busy site needs no schedule to stay clean: at most once in 10
 * seconds, a few pages of the filtered list, the 5 oldest of them. Those whom Identity would not delete are passed over until
 * the list was seen to its end.
 * @returns called at each exchange; resolves when what was to be done is done, and throws what `sweepPage` throws
 */
export function createOpportunisticSweep(broker: SweepDependencies, log: Log): () => Promise<void> {
  const start = startOf(broker.policy.identity.audience);
  const size = new PageSize(mostPerPage);
  let place = start;
  let pauseSeconds = 0;
  let lastAt = 0;
  return async () => {
    const sinceSeconds = broker.now() - lastAt;
    // Less than none: the clock was set back.
    if (sinceSeconds >= 0 && sinceSeconds < pauseSeconds) return;
    lastAt = broker.now();
    pauseSeconds = shortPauseSeconds;
    const run = new SweepRun(broker, bounds, size, log);
    for (let pages = 0; pages < mostPages && !run.isOver; ) {
      const { next, state } = await sweepPage(run, place);
      // A place in this list is no place in one without the filter.
      const goesOn = next.filtered && (state === 'more' || state === 'again');
      place = goesOn ? next : start;
      if (state === 'more') pages += 1;
      if (goesOn) continue;
      size.restart();
      if (!next.filtered) pauseSeconds = unfilteredPauseSeconds;
      break;
    }
    const { deleted, gone, failed } = run;
    if (deleted + gone + failed > 0) log('sweep_opportunistic', { deleted, gone, failed });
  };
}

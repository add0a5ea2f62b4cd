import type { Log } from '../../protocol/log.ts';
import { PageSize } from './pageSize.ts';
import { startOf } from './place.ts';
import { type SweepDependencies, SweepRun } from './run.ts';
import { type PageOutcome, sweepPage } from './sweepPage.ts';

const bounds = { budgetSeconds: 3, mostDeletions: 5, passesFailed: true };
const mostPerPage = 100;
const shortPauseSeconds = 10;
/** How long an instance leaves Identity alone that cannot filter: whole lists are the scheduled sweep's work. */
const unfilteredPauseSeconds = 3600;

/**
 * Sweeps a little beside the exchanges, so that a busy site needs no schedule to stay clean: at most once in 10
 * seconds, one page of the filtered list, the 5 oldest of it. Those whom Identity would not delete are passed over until
 * the list was seen to its end.
 * @returns called at each exchange; resolves when what was to be done is done, and throws what `sweepPage` throws
 */
export function createFewSweeps(broker: SweepDependencies, log: Log): () => Promise<void> {
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
    let outcome: PageOutcome;
    do {
      outcome = await sweepPage(run, place);
      // A place in this list is no place in one without the filter.
      const goesOn = outcome.state === 'more' || outcome.state === 'again';
      place = goesOn && outcome.next.filtered ? outcome.next : start;
      if (place === start) size.restart();
    } while (outcome.state === 'again' && outcome.next.filtered && !run.isOver);
    if (!outcome.next.filtered) pauseSeconds = unfilteredPauseSeconds;
    const { deleted, gone, failed } = run;
    if (deleted + gone + failed > 0) log('sweep_few', { deleted, gone, failed });
  };
}

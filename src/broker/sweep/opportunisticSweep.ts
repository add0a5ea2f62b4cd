import type { Log } from '../../protocol/log.ts';
import { beginList, sweepPage } from './sweepPage.ts';
import { startOf } from './sweepRequest.ts';
import { type SweepDependencies, SweepRun } from './sweepRun.ts';

const bounds = { budgetSeconds: 3, maxDeletions: 5 };
const maxPerPage = 100;
/** Pages read per run until five users to delete are found. */
const maxPages = 4;
const shortPauseSeconds = 10;
/** How long an instance waits after it found that Identity cannot filter: whole lists are left to the scheduled sweep. */
const unfilteredPauseSeconds = 3600;

/**
 * Sweeps a little after exchanges, so that a busy site stays clean without a schedule: at most once in 10 seconds, a few
 * pages of the filtered list, and the five oldest users on them. Users that Identity does not delete are passed over until
 * the end of the list is reached.
 * @returns to be called at each exchange; resolves when the turn is over, and rejects as `sweepPage` does
 */
export function createOpportunisticSweep(broker: SweepDependencies, log: Log): () => Promise<void> {
  const start = startOf(broker.policy.identity.audience);
  let list = beginList(start, maxPerPage);
  let pauseSeconds = 0;
  let lastAt = 0;
  return async () => {
    const sinceSeconds = broker.now() - lastAt;
    // Negative: the clock was set back.
    if (sinceSeconds >= 0 && sinceSeconds < pauseSeconds) return;
    lastAt = broker.now();
    pauseSeconds = shortPauseSeconds;
    const run = new SweepRun(broker, bounds, log);
    for (let pages = 0; pages < maxPages && !run.isOver; ) {
      const outcome = await sweepPage(run, list);
      if (outcome === 'again') continue;
      pages += 1;
      if (outcome === 'more') continue;
      list = beginList(start, maxPerPage);
      if (outcome === 'no_filter') pauseSeconds = unfilteredPauseSeconds;
      break;
    }
    const { deleted, gone, failed } = run;
    if (deleted + gone + failed > 0) log('sweep_opportunistic', { deleted, gone, failed });
  };
}

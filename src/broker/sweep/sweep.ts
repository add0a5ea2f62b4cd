import { DaypassError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import type { SweepResponse } from '../../protocol/messages.ts';
import { beginList, type SweptList, sweepPage } from './sweepPage.ts';
import { readCursor, startOf, writeCursor } from './sweepRequest.ts';
import { type SweepBounds, type SweepDependencies, SweepRun } from './sweepRun.ts';

export interface SweepOptions extends SweepBounds {
  /** Where the last run ended: its answer's `cursor`. Default: at the oldest user. */
  cursor?: string | undefined;
  /** Audiences of Identity to sweep in addition to the site's own. */
  audiences?: readonly string[];
}

/** Users to request at once, at most. */
const maxPerPage = 2000;

/**
 * Deletes throwaway users that were never exchanged, oldest first, and no other users. It takes no lock: of two sweeps at once,
 * one finds gone what the other deleted. A deletion that fails is counted, and the run goes on; so is a user whose
 * record cannot be read.
 * @returns the totals of this run, and where the next one continues
 * @throws {DaypassError} `identity_context_missing`; `malformed_request` for an unknown cursor;
 * `identity_unavailable` or `operator_token_refused` if Identity gave no list (the log has what was done until then)
 */
export async function sweep(
  broker: SweepDependencies,
  options: SweepOptions,
  log: Log,
): Promise<SweepResponse> {
  const own = broker.policy.identity.audience;
  const audiences = [own, ...(options.audiences ?? []).filter((audience) => audience !== own)];
  const start = options.cursor === undefined ? startOf(own) : readCursor(options.cursor, audiences);
  const run = new SweepRun(broker, options, log);
  const unlistedAudiences: string[] = [];
  const listBehind = (audience: string): SweptList | undefined => {
    const next = audiences[audiences.indexOf(audience) + 1];
    return next === undefined ? undefined : beginList(startOf(next), maxPerPage);
  };
  let list: SweptList | undefined = beginList(start, maxPerPage);
  try {
    while (list && !run.isOver) {
      const outcome = await sweepPage(run, list);
      if (outcome === 'unlisted') unlistedAudiences.push(list.position.audience);
      if (outcome === 'no_filter')
        list = beginList({ ...list.position, filtered: false, offset: 0 }, maxPerPage);
      if (outcome === 'end' || outcome === 'unlisted') list = listBehind(list.position.audience);
    }
  } catch (error) {
    // The time was up while Identity was called: what was done until then is the answer.
    if (!(error instanceof DaypassError) || !run.isOver || run.unread + totalsOf(run).seen === 0) throw error;
  } finally {
    log('sweep', { ...totalsOf(run), done: list === undefined });
  }
  return {
    ...totalsOf(run),
    done: list === undefined,
    ...(list && { cursor: writeCursor(list.position) }),
    note: noteOn(audiences, unlistedAudiences),
  };
}

function totalsOf({ deleted, gone, kept, failed, unread }: SweepRun) {
  return { seen: deleted + gone + kept + failed, deleted, gone, kept, failed, unread };
}

function noteOn(audiences: readonly string[], unlistedAudiences: readonly string[]): string {
  const known = audiences.length === 1 ? "the site's audience" : "the site's audience and those named";
  const note = `Identity does not name its audiences and lists one at a time: this is about ${known}. To sweep throwaway users of other audiences, name each in the form field audience.`;
  const wrong = unlistedAudiences.map((audience) =>
    audience === audiences[0]
      ? "Identity's own audience differs from the policy's, so no user was checked: if GOTRUE_JWT_AUD is set, name its value in daypass.config.ts: identity: { audience: '…' }."
      : `Identity listed its own audience instead of ${audience}, which was not swept.`,
  );
  return [note, ...wrong].join(' ');
}

const opportunisticBounds = { budgetSeconds: 3, maxDeletions: 5 };
const opportunisticPage = 100;
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
  let list = beginList(start, opportunisticPage);
  let pauseSeconds = 0;
  let lastAt = 0;
  return async () => {
    const sinceSeconds = broker.now() - lastAt;
    // Negative: the clock was set back.
    if (sinceSeconds >= 0 && sinceSeconds < pauseSeconds) return;
    lastAt = broker.now();
    pauseSeconds = shortPauseSeconds;
    const run = new SweepRun(broker, opportunisticBounds, log);
    for (let pages = 0; pages < maxPages && !run.isOver; ) {
      const outcome = await sweepPage(run, list);
      if (outcome === 'again') continue;
      pages += 1;
      if (outcome === 'more') continue;
      list = beginList(start, opportunisticPage);
      if (outcome === 'no_filter') pauseSeconds = unfilteredPauseSeconds;
      break;
    }
    const { deleted, gone, failed } = run;
    if (deleted + gone + failed > 0) log('sweep_opportunistic', { deleted, gone, failed });
  };
}

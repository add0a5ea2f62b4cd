import { DaypassError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import type { SweepResponse } from '../../protocol/messages.ts';
import { PageSize } from './pageSize.ts';
import { type Place, readCursor, startOf, writeCursor } from './place.ts';
import { type RunBounds, type SweepDependencies, SweepRun } from './run.ts';
import { type PageOutcome, sweepPage } from './sweepPage.ts';

export interface SweepOptions extends RunBounds {
  /** Where the last run ended: its answer's `cursor`. Default: at the oldest user. */
  cursor?: string | undefined;
  /** Audiences of Identity to look through besides the site's own. */
  audiences?: readonly string[];
}

/** Users asked for at once, at most. */
const mostPerPage = 2000;

/**
 * Deletes throwaway users that were never exchanged, oldest first; nobody else is touched, however odd. Holds no lock: of
 * two at once, one finds gone whom the other deleted. A failed DELETE is counted, and the run goes on; so is a user whose
 * record cannot be read.
 * @returns the totals of this run, and where the next goes on
 * @throws {DaypassError} `identity_context_missing`; `malformed_request` for a cursor that is none;
 * `identity_unavailable` or `operator_token_refused` when Identity gave no list (the log says what was done until then)
 */
export async function sweep(
  broker: SweepDependencies,
  options: SweepOptions,
  log: Log,
): Promise<SweepResponse> {
  const own = broker.policy.identity.audience;
  const audiences = [own, ...(options.audiences ?? []).filter((audience) => audience !== own)];
  let place: Place | undefined =
    options.cursor === undefined ? startOf(own) : readCursor(options.cursor, audiences);
  const size = new PageSize(mostPerPage);
  const run = new SweepRun(broker, options, size, log);
  const unlisted: string[] = [];
  try {
    while (place && !run.isOver) {
      const outcome: PageOutcome = await sweepPage(run, place);
      if (outcome.state === 'unlisted') unlisted.push(place.audience);
      if (outcome.state === 'more' || outcome.state === 'again') {
        place = outcome.next;
      } else {
        place = startOfNext(audiences, place.audience);
        size.restart();
      }
    }
  } catch (error) {
    // The time was up while Identity was asked: what was done until then is the answer.
    if (!(error instanceof DaypassError) || !run.isOver || run.seen + run.unread === 0) throw error;
  } finally {
    log('sweep', { ...totalsOf(run), done: place === undefined });
  }
  return {
    ...totalsOf(run),
    done: place === undefined,
    ...(place ? { cursor: writeCursor(place) } : {}),
    note: noteOn(audiences, unlisted),
  };
}

function startOfNext(audiences: readonly string[], audience: string): Place | undefined {
  const next = audiences[audiences.indexOf(audience) + 1];
  return next === undefined ? undefined : startOf(next);
}

function totalsOf({ seen, deleted, gone, kept, failed, unread }: SweepRun) {
  return { seen, deleted, gone, kept, failed, unread };
}

function noteOn(audiences: readonly string[], unlisted: readonly string[]): string {
  const known = audiences.length === 1 ? "the site's audience" : "the site's audience and those named";
  const note = `Identity names no audiences and lists one at a time: this is about ${known}. Throwaway users of others are found when the form names them by audience.`;
  const wrong = unlisted.map((audience) =>
    audience === audiences[0]
      ? "Identity's own audience is another than the policy's, so nobody was looked at: where GOTRUE_JWT_AUD is set, name its value in daypass.config.ts: identity: { audience: '…' }."
      : `Identity listed its own audience in place of ${audience}: it was left alone.`,
  );
  return [note, ...wrong].join(' ');
}

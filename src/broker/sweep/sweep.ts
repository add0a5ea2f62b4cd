import { DaypassError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import type { SweepResponse } from '../../protocol/messages.ts';
import { type Place, readCursor, startOf, writeCursor } from './place.ts';
import { type RunBounds, type SweepDependencies, SweepRun } from './run.ts';
import { type PageOutcome, sweepPage } from './sweepPage.ts';

export interface SweepOptions extends RunBounds {
  /** Where the last run ended: its answer's `cursor`. Default: at the oldest user. */
  cursor?: string | undefined;
  /** Audiences of Identity to look through besides its default one. */
  audiences?: readonly string[];
}

/** Users asked for at once: few lists, and none that fills the memory of a function. */
const perPage = 2000;

/**
 * Deletes throwaway users that were never exchanged, oldest first; nobody else is touched, however odd. Holds no lock: of
 * two at once, one finds gone whom the other deleted. A failed DELETE is counted, and the run goes on.
 * @returns the totals of this run, and where the next goes on
 * @throws {DaypassError} `identity_context_missing`; `malformed_request` for a cursor that is none;
 * `identity_unavailable` when Identity gave no list (the log says what was done until then)
 */
export async function sweep(
  broker: SweepDependencies,
  options: SweepOptions,
  log: Log,
): Promise<SweepResponse> {
  const audiences = ['', ...(options.audiences ?? [])];
  let place: Place | undefined =
    options.cursor === undefined ? startOf('') : readCursor(options.cursor, audiences);
  const run = new SweepRun(broker, options);
  let unlisted = false;
  while (place && !run.isOver) {
    const outcome: PageOutcome | undefined = await sweepPage(run, place, perPage).catch((error) => {
      // The time was up while Identity was asked: what was done until then is the answer.
      if (error instanceof DaypassError && run.isOver && run.seen > 0) return undefined;
      throw error;
    });
    if (!outcome) break;
    if (outcome.state === 'unlisted') unlisted = true;
    place = outcome.state === 'more' ? outcome.next : startOfNext(audiences, place.audience);
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

function totalsOf({ seen, deleted, gone, kept, failed }: SweepRun) {
  return { seen, deleted, gone, kept, failed };
}

function noteOn(audiences: readonly string[], unlisted: boolean): string {
  const known = audiences.length === 1 ? 'its default audience' : 'its default audience and those named';
  const note = `Identity names no audiences and lists one at a time: this is about ${known}. Throwaway users of others are found when the form names them by audience.`;
  return unlisted
    ? `${note} Identity listed its default audience in place of a named one: it was left alone.`
    : note;
}

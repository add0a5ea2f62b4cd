import { DaypassError } from '../../protocol/error.ts';

/** How far a sweep has come. */
export interface Place {
  /** The audience that is being looked through. */
  readonly audience: string;
  /** Whether Identity filters the list by the throwaway domain; where it cannot, everybody is looked at. */
  readonly filtered: boolean;
  /**
   * How many users in front of the list stay. Whoever is deleted moves the others up, so this number and no page's names
   * the first user that was not looked at. It holds as long as nobody in front goes; else the next sweep finds
   * those that this one passed over.
   */
  readonly position: number;
}

/** The beginning of an audience's list. */
export function startOf(audience: string): Place {
  return { audience, filtered: true, position: 0 };
}

/** A place as text, for whoever calls the next run. */
export function writeCursor({ audience, filtered, position }: Place): string {
  return `${filtered ? 'filtered' : 'all'}.${position}.${encodeURIComponent(audience)}`;
}

/**
 * @param audiences those that are to be looked through
 * @throws {DaypassError} `malformed_request`
 */
export function readCursor(cursor: string, audiences: readonly string[]): Place {
  const [, kind, position, name] = /^(filtered|all)\.(\d{1,9})\.([!-~]*)$/.exec(cursor) ?? [];
  const audience = audiences.find((each) => encodeURIComponent(each) === name);
  if (kind === undefined) throw malformed('cursor is none that a sweep has answered.');
  if (audience === undefined) throw malformed('cursor belongs to an audience that was not named.');
  return { audience, filtered: kind === 'filtered', position: Number(position) };
}

function malformed(detail: string): DaypassError {
  return new DaypassError('malformed_request', { detail });
}

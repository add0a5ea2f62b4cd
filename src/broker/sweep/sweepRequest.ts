import type { RequestBodies } from '../../limits/requestBodies.ts';
import { DaypassError } from '../../protocol/error.ts';
import { readFormBody, readPairs } from '../request.ts';

/** A request to `/session/sweep`. */
export interface SweepRequest {
  cursor: string | undefined;
  audiences: readonly string[];
}

/**
 * Reads the form of a sweep, which may be empty: `cursor`, and `audience` once for each audience.
 * @throws {DaypassError} see `readForm`; `malformed_request` for any other field, since a misspelt cursor would start over,
 * and for an audience that no header field can carry
 */
export async function readSweepRequest(request: Request, bodies: RequestBodies): Promise<SweepRequest> {
  const body = await readFormBody(request, bodies);
  const pairs = body.length === 0 ? [] : readPairs(body, request.headers.get('content-type'));
  const unknown = pairs.find(([name]) => name !== 'cursor' && name !== 'audience');
  if (unknown) throw malformed('The fields are cursor and audience.');
  const valuesOf = (name: string) =>
    pairs.filter(([each, value]) => each === name && value !== '').map(([, value]) => value);
  const cursors = valuesOf('cursor');
  if (cursors.length > 1) throw new DaypassError('repeated_parameter');
  const audiences = [...new Set(valuesOf('audience'))];
  for (const audience of audiences) {
    if (!/^[!-~]([ -~]{0,253}[!-~])?$/.test(audience)) throw malformed('audience must be visible ASCII.');
  }
  return { cursor: cursors[0], audiences };
}

/** How far a sweep has come. */
export interface SweepPosition {
  /** The audience whose list is read. */
  readonly audience: string;
  /** Whether Identity filters the list by the throwaway domain; if it cannot, the list holds all users. */
  readonly filtered: boolean;
  /**
   * The number of users at the front of the list that were checked and stay. Deleting a user moves the others up, so this
   * number, unlike a page number, still names the first user to check. If a user at the front is deleted elsewhere, users are missed;
   * the next sweep from the beginning finds them.
   */
  readonly offset: number;
}

/** The beginning of an audience's list. */
export function startOf(audience: string): SweepPosition {
  return { audience, filtered: true, offset: 0 };
}

/** A position as text, from which the next run continues. */
export function writeCursor({ audience, filtered, offset }: SweepPosition): string {
  return `${filtered ? 'filtered' : 'all'}.${offset}.${encodeURIComponent(audience)}`;
}

/**
 * @param audiences those that are swept
 * @throws {DaypassError} `malformed_request`
 */
export function readCursor(cursor: string, audiences: readonly string[]): SweepPosition {
  const [, kind, offset, name] = /^(filtered|all)\.(\d{1,9})\.([!-~]*)$/.exec(cursor) ?? [];
  const audience = audiences.find((each) => encodeURIComponent(each) === name);
  if (kind === undefined) throw malformed('cursor is not one that a sweep has returned.');
  if (audience === undefined) throw malformed('cursor belongs to an audience that was not named.');
  return { audience, filtered: kind === 'filtered', offset: Number(offset) };
}

function malformed(detail: string): DaypassError {
  return new DaypassError('malformed_request', { detail });
}

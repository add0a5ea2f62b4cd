import type { RequestBodies } from '../../limits/requestBodies.ts';
import { DaypassError } from '../../protocol/error.ts';
import { readBody, readPairs } from '../form.ts';

/** What `/session/sweep` was asked for. */
export interface SweepRequest {
  cursor: string | undefined;
  audiences: readonly string[];
}

/**
 * Reads the form of a sweep, which may be empty: `cursor`, and `audience` as often as there are audiences to name.
 * @throws {DaypassError} see `readForm`; `malformed_request` for another field, since a misspelt cursor would begin anew,
 * and for an audience that no header field can carry
 */
export async function readSweepRequest(request: Request, bodies: RequestBodies): Promise<SweepRequest> {
  const body = await readBody(request, bodies);
  const pairs = body.length === 0 ? [] : readPairs(body, request.headers.get('content-type'));
  const unknown = pairs.find(([name]) => name !== 'cursor' && name !== 'audience');
  if (unknown) throw new DaypassError('malformed_request', { detail: 'The fields are cursor and audience.' });
  const valuesOf = (name: string) =>
    pairs.filter(([each, value]) => each === name && value !== '').map(([, value]) => value);
  const cursors = valuesOf('cursor');
  if (cursors.length > 1) throw new DaypassError('repeated_parameter');
  const audiences = [...new Set(valuesOf('audience'))];
  for (const audience of audiences) {
    if (!/^[!-~]([ -~]{0,253}[!-~])?$/.test(audience)) {
      throw new DaypassError('malformed_request', { detail: 'audience must be visible ASCII.' });
    }
  }
  return { cursor: cursors[0], audiences };
}

import { DaypassError } from '../protocol/error.ts';
import { tokenHeader } from '../protocol/wire.ts';

/** b64token of RFC 6750 §2.1. Two fields reach us joined by a comma, which no token holds. */
const form = /^[A-Za-z0-9._~+/-]+=*$/;

/** The scheme's case does not matter (RFC 9110 §11.1). */
const isBearer = (headers: Headers) => /^bearer(\s|$)/i.test(headers.get('authorization') ?? '');

/** Whether there is a token: `Authorization: Bearer` (RFC 6750 §2.1) or `X-Daypass`. */
export function hasBearer(headers: Headers): boolean {
  return isBearer(headers) || headers.has(tokenHeader);
}

/**
 * The token of a request: from `Authorization: Bearer`, or from `X-Daypass`, which carries the bare token while
 * `Authorization` is used for another scheme such as Basic.
 * @param request of which only the headers are read
 * @returns the compact token, unverified
 * @throws {DaypassError} `token_missing` when it is in neither, `token_repeated` when there are both, `token_malformed`
 * when what is there is not one token
 * @example
 * const { subject } = await verify(readBearer(request));
 */
export function readBearer({ headers }: Pick<Request, 'headers'>): string {
  assertOneToken(headers);
  if (!hasBearer(headers)) throw new DaypassError('token_missing');
  const token = headers.get(tokenHeader) ?? headers.get('authorization')?.replace(/^bearer */i, '') ?? '';
  if (!form.test(token)) throw new DaypassError('token_malformed');
  return token;
}

/**
 * Refuses two tokens: which one counts would be each reader's to guess.
 * @throws {DaypassError} `token_repeated` (RFC 6750 §2: one way only)
 */
export function assertOneToken(headers: Headers): void {
  if (isBearer(headers) && headers.has(tokenHeader)) throw new DaypassError('token_repeated');
}

import { DaypassError } from '../protocol/error.ts';

/**
 * The token of `Authorization: Bearer` (RFC 6750 §2.1); the scheme's case does not matter (RFC 9110 §11.1).
 * @throws {DaypassError} `token_missing` without the field or with another scheme, `token_malformed` when what
 * follows is not one token
 */
export function readBearer(headers: Headers): string {
  const field = headers.get('authorization');
  if (field === null || !/^bearer(\s|$)/i.test(field)) throw new DaypassError('token_missing');
  // b64token of RFC 6750 §2.1. Two fields reach us joined by a comma, which no token holds.
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(field)?.[1];
  if (token === undefined) throw new DaypassError('token_malformed');
  return token;
}

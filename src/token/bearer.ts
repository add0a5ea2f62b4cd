import { DaypassError } from '../protocol/error.ts';

/** Whether there is a Bearer token (RFC 6750 §2.1); the scheme's case does not matter (RFC 9110 §11.1). */
export function hasBearer(headers: Headers): boolean {
  return /^bearer(\s|$)/i.test(headers.get('authorization') ?? '');
}

/**
 * The token of `Authorization: Bearer`.
 * @throws {DaypassError} `token_missing` without the field or with another scheme, `token_malformed` when what
 * follows is not one token
 */
export function readBearer(headers: Headers): string {
  if (!hasBearer(headers)) throw new DaypassError('token_missing');
  // b64token of RFC 6750 §2.1. Two fields reach us joined by a comma, which no token holds.
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (token === undefined) throw new DaypassError('token_malformed');
  return token;
}

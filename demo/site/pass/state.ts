import type { DecodedToken } from '../words/decodeToken.ts';

/** What the page knows of the pass in its hand. Times are seconds since the epoch, by the visitor's clock. */
export interface PassState {
  token: DecodedToken;
  /** `sub`: the session that the pass belongs to. */
  session: string;
  issuedAt: number;
  expiresAt: number;
  /** Undefined when the page did not see the answer that said so, as after a reload. */
  sessionEndsAt: number | undefined;
  /** When the page saw this session renewed. */
  renewedAt: readonly number[];
}

/** What the broker said beside the token; a token that came out of storage has nothing of it. */
export interface Lifetimes {
  expiresInSeconds: number;
  sessionExpiresInSeconds: number;
}

/**
 * The state after a token came into the page's hand.
 * @param before what was known, if anything
 * @param now seconds since the epoch
 * @returns the same object when nothing new was learnt
 */
export function nextState(
  before: PassState | undefined,
  token: DecodedToken,
  now: number,
  lifetimes?: Lifetimes,
): PassState {
  const { jti, sub, iat, exp } = token.claims;
  const same = before?.session === sub ? before : undefined;
  const renewed = same !== undefined && same.token.claims.jti !== jti;
  if (same && !renewed && !lifetimes) return same;
  return {
    token,
    session: String(sub),
    issuedAt: Number(iat),
    // The broker's clock may not be the visitor's: what is left is more certain than the hour it ends at.
    expiresAt: lifetimes ? now + lifetimes.expiresInSeconds : Number(exp),
    sessionEndsAt: lifetimes ? now + lifetimes.sessionExpiresInSeconds : same?.sessionEndsAt,
    renewedAt: [...(same?.renewedAt ?? []), ...(renewed ? [now] : [])],
  };
}

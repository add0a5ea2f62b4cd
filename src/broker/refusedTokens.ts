import { BoundedMap } from '../protocol/boundedMap.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';

/** Tokens that one instance remembers; the oldest are forgotten first. */
const maxTokens = 10_000;

/** Long enough for the repeats of a program that has lost its way, short enough for an Identity that changed its key. */
const memorySeconds = 60;

/** What Identity will say again: of a token that it did not sign, and of one whose user is gone. */
const lasting: readonly ErrorCode[] = ['subject_token_rejected', 'subject_token_user_gone'];

/**
 * The Identity tokens that Identity refused a moment ago, in the memory of this instance: whoever sends one again gets
 * the same answer, which asks nobody and counts for nothing.
 */
export interface RefusedTokens {
  /** @throws {DaypassError} what Identity refused this token with */
  refuse(token: string, now: number): Promise<void>;
  /** @param now the present, seconds since the epoch */
  remember(token: string, error: DaypassError, now: number): Promise<void>;
}

/** @param hash turns a token into what may lie in memory */
export function createRefusedTokens(hash: (token: string) => Promise<string>): RefusedTokens {
  const refused = new BoundedMap<string, { code: ErrorCode; at: number }>(maxTokens);
  return {
    async refuse(token, now) {
      const known = refused.get(await hash(token));
      // One of the future was remembered before the clock was set back.
      if (known && known.at <= now && now - known.at < memorySeconds) throw new DaypassError(known.code);
    },
    async remember(token, { code }, now) {
      if (lasting.includes(code)) refused.set(await hash(token), { code, at: now });
    },
  };
}

import { checkIdentityToken, verifyIdentityToken } from '../identity/identityToken.ts';
import { isExchangeable } from '../identity/throwaway.ts';
import type { IdentityUser } from '../identity/user.ts';
import { DaypassError } from '../protocol/error.ts';
import type { TokenResponse } from '../protocol/messages.ts';
import { newSubject } from '../token/randomId.ts';
import { grantScopes, keyRingOf } from './audience.ts';
import { type BrokerDependencies, type Caller, throwawayRule } from './dependencies.ts';
import { issueToken } from './issue.ts';
import { countRefusedExchange, countSession, refuseKnown } from './limits.ts';
import type { TokenRequest } from './tokenRequest.ts';

/** Both calls to Identity together may take this long. */
const identityBudgetMilliseconds = 3000;

const unmarked =
  'a throwaway user without the mark of admission; is netlify/functions/identity.ts deployed, with an object literal of userValidate as its default export?';

/** What Identity was asked about and refused, or believed and what makes no session all the same. */
const refusals: readonly string[] = [
  'subject_token_rejected',
  'subject_token_user_gone',
  'not_throwaway',
  'already_exchanged',
];

/**
 * Turns an Identity token into the first access token of a new session and deletes its throwaway user: look at the
 * token, authenticate, rule, claim, limits, delete, mint, in this order.
 * @throws {DaypassError} the failures of each step; nothing is deleted unless the user is a throwaway user and
 * the claim is ours, and nothing is minted unless the delete succeeded
 */
export async function exchange(
  broker: BrokerDependencies,
  asked: TokenRequest,
  caller: Caller,
): Promise<TokenResponse> {
  const keyRing = keyRingOf(broker, asked.audience ?? broker.policy.defaultAudience);
  const scopes = grantScopes(asked.scopes, broker.policy.audiences[keyRing.audience]?.scopes ?? []);
  const now = broker.now();
  const userId = checkIdentityToken(asked.token, now);
  if (broker.identityJwtSecret) await verifyIdentityToken(asked.token, broker.identityJwtSecret, now);
  await broker.refusedTokens.refuse(asked.token, now);
  await refuseKnown(broker, caller);

  const signal = AbortSignal.timeout(identityBudgetMilliseconds);
  try {
    const user = await authenticate(broker, asked.token, userId, signal);
    await deleteClaimed(broker, user.id, caller, signal);
  } catch (error) {
    if (error instanceof DaypassError && refusals.includes(error.code)) {
      await broker.refusedTokens.remember(asked.token, error, now);
      await countRefusedExchange(broker, caller);
    }
    throw error;
  }
  return issueToken(broker, { keyRing, subject: newSubject(), scopes, startedAt: broker.now() });
}

/** Asks Identity who the caller is: it alone knows whether the user still exists. */
async function authenticate(
  broker: BrokerDependencies,
  token: string,
  userId: string,
  signal: AbortSignal,
): Promise<IdentityUser> {
  const user = await broker.identity.getUser(token, signal);
  const rule = throwawayRule(broker.policy);
  if (!isExchangeable(user, rule, broker.now())) {
    const isUnmarked = isExchangeable(user, { ...rule, admission: false }, broker.now());
    // For the log alone: it is the operator who can mend it.
    throw new DaypassError('not_throwaway', { cause: isUnmarked ? new Error(unmarked) : undefined });
  }
  // Identity answered with a record of that shape, so the id is there; it must be the token's own.
  const record = user as IdentityUser;
  if (record.id !== userId) throw new DaypassError('subject_token_rejected');
  return record;
}

/**
 * Deletes the user under a claim. Identity's DELETE is no lock (it loads the user outside its transaction and
 * ignores how many rows went), so of several at once all may succeed: the claim lets one of them through.
 */
async function deleteClaimed(
  broker: BrokerDependencies,
  userId: string,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) {
    throw new DaypassError('identity_unavailable', { detail: 'Identity is not enabled on this site.' });
  }
  const claim = await broker.claims.take(userId);
  if (claim === undefined) throw new DaypassError('already_exchanged');
  let refund: (() => Promise<void>) | undefined;
  let existed: boolean;
  try {
    refund = await countSession(broker, caller);
    existed = await broker.identity.deleteUser(userId, operatorToken, signal);
  } catch (error) {
    // Should Redis be away as well, the claim stays until it expires: the visitor starts over.
    await Promise.all([refund?.(), broker.claims.release(userId, claim).catch(() => undefined)]);
    throw error;
  }
  if (!existed) {
    await refund();
    throw new DaypassError('already_exchanged');
  }
}

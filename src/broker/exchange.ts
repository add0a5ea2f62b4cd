import { checkIdentityToken, verifyIdentityToken } from '../identity/identityToken.ts';
import { isExchangeable } from '../identity/throwaway.ts';
import { DaypassError } from '../protocol/error.ts';
import type { TokenResponse } from '../protocol/messages.ts';
import { createIdleTimer, idleSignal } from '../store/idleTimer.ts';
import { newSubject } from '../token/mint.ts';
import { grantScopes, keyRingOf } from './audience.ts';
import { type DeletedUser, deleteForCertain } from './deleteForCertain.ts';
import { type BrokerDependencies, type Caller, throwawayRule } from './dependencies.ts';
import { issueToken } from './issue.ts';
import { countRefusedExchange, countSession, refuseKnown } from './limits.ts';
import type { TokenRequest } from './tokenRequest.ts';

/** A third more, until it is known what became of a user whose DELETE did not answer in time. */
const settleFactor = 4 / 3;
const identityTimer = createIdleTimer();

// For the log alone: it is the operator who can mend them.
const unmarked =
  'a throwaway user without the mark of admission; is netlify/functions/identity.ts deployed, with an object literal of userValidate as its default export?';
const roleOfGoTrue =
  "a throwaway user with a role of GoTrue's own, which makes it a member; leave GOTRUE_JWT_DEFAULT_GROUP_NAME empty";

/**
 * Turns an Identity token into the first access token of a new session and deletes its throwaway user: look at the
 * token, authenticate, rule, reserve the redemption, limits, delete, mint, in this order.
 * @throws {DaypassError} the failures of each step; nothing is deleted unless the user is a throwaway user and
 * its redemption is ours, and nothing is minted unless the user is gone
 */
export async function exchange(
  broker: BrokerDependencies,
  asked: TokenRequest,
  caller: Caller,
): Promise<TokenResponse> {
  const { token } = asked;
  const keyRing = keyRingOf(broker, asked.audience ?? broker.policy.defaultAudience);
  const scopes = grantScopes(asked.scopes, broker.policy.audiences[keyRing.audience]?.scopes ?? []);
  const now = broker.now();
  const { audience } = broker.policy.identity;
  const id = checkIdentityToken(asked.parsed, { now, audience });
  if (broker.identityJwtSecret) await verifyIdentityToken(token, broker.identityJwtSecret);
  await broker.refusedTokens.refuse(token, now);
  await refuseKnown(broker, caller);

  const { identityBudgetMilliseconds } = broker;
  const deleteSignal = idleSignal(identityBudgetMilliseconds, identityTimer);
  const settleSignal = idleSignal(settleFactor * identityBudgetMilliseconds, identityTimer);
  try {
    await authenticate(broker, token, id, deleteSignal);
    await deleteReserved(broker, { id, token, deleteSignal, settleSignal }, caller);
  } catch (error) {
    // Who is over the limit of sessions is counted there.
    if (error instanceof DaypassError && error.code !== 'rate_limited') {
      await broker.refusedTokens.remember(token, error, now);
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
): Promise<void> {
  const user = await broker.identity.getUser(token, signal);
  const rule = throwawayRule(broker.policy);
  const now = broker.now();
  if (!isExchangeable(user, rule, now)) {
    const isUnmarked = isExchangeable(user, { ...rule, admission: false }, now);
    const hasRole = isExchangeable({ ...(user as object), role: '' }, rule, now);
    const remedy = isUnmarked ? unmarked : hasRole ? roleOfGoTrue : undefined;
    throw new DaypassError('not_throwaway', { cause: remedy && new Error(remedy) });
  }
  if (user.id !== userId) throw new DaypassError('subject_token_rejected');
}

/**
 * Deletes the user once its redemption is reserved. Identity's DELETE is no lock (it loads the user outside its transaction and
 * ignores how many rows went), so of several at once all may succeed: the reservation lets one of them through.
 */
async function deleteReserved(
  broker: BrokerDependencies,
  user: Omit<DeletedUser, 'operatorToken'>,
  caller: Caller,
): Promise<void> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) {
    throw new DaypassError('identity_unavailable', { detail: 'Identity is not enabled on this site.' });
  }
  const nonce = await broker.redemptions.reserve(user.id);
  if (nonce === undefined) throw new DaypassError('already_exchanged');
  // Should Redis be away as well, the reservation stays until it expires.
  const release = () => broker.redemptions.release(user.id, nonce).catch(() => undefined);
  const refund = await countSession(broker, caller).catch(async (error) => {
    await release();
    throw error;
  });
  const deletion = await deleteForCertain(broker.identity, { ...user, operatorToken }).catch(
    async (error) => {
      // Nobody knows whether the user is gone: the reservation stays, and the visitor starts over.
      await refund();
      throw error;
    },
  );
  if (deletion.state === 'gone') return;
  await Promise.all([refund(), deletion.state === 'present' && release()]);
  throw deletion.state === 'present' ? deletion.error : new DaypassError('already_exchanged');
}

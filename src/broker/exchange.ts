import { checkIdentityToken, verifyIdentityToken } from '../identity/identityToken.ts';
import { isExchangeable } from '../identity/throwaway.ts';
import type { UserId } from '../identity/user.ts';
import type { HashedBuckets } from '../limits/address.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { TokenResponse } from '../protocol/messages.ts';
import { createIdleTimer, idleSignal } from '../store/clocks.ts';
import { newSubject } from '../token/mint.ts';
import { type DeletedUser, deleteAndConfirm } from './deleteAndConfirm.ts';
import { type BrokerDependencies, type RefusedTokens, throwawayRule } from './dependencies.ts';
import { countRefusedExchange, countSession, type ExchangeLimitDependencies, refuseKnown } from './limits.ts';
import type { ExchangeRequest } from './request.ts';
import { grantScopes, type IssueDependencies, issueToken, keyRingOf } from './session.ts';

export type ExchangeDependencies = IssueDependencies &
  ExchangeLimitDependencies &
  Pick<
    BrokerDependencies,
    | 'keyRings'
    | 'identity'
    | 'identityBudgetMilliseconds'
    | 'identityJwtSecret'
    | 'operatorToken'
    | 'redemptions'
    | 'refusedTokens'
  >;

/** A third more time, to find out what became of a user whose DELETE did not answer in time. */
const confirmFactor = 4 / 3;
const identityTimer = createIdleTimer();

// For the log only: the operator can fix them.
const unmarked =
  'a throwaway user without the mark of admission; is netlify/functions/identity.ts deployed, with an object literal of userValidate as its default export?';
const roleOfGoTrue =
  "a throwaway user with a role of GoTrue's own, which makes it a member; leave GOTRUE_JWT_DEFAULT_GROUP_NAME empty";

/**
 * Turns an Identity token into the first access token of a new session and deletes its throwaway user. In this order:
 * check the token, authenticate, throwaway rule, reserve the redemption, limits, delete, mint.
 * @throws {DaypassError} the failures of each step; nothing is deleted unless the user is a throwaway user and
 * its redemption is ours, and nothing is minted unless the user is gone
 */
export async function exchange(
  broker: ExchangeDependencies,
  request: ExchangeRequest,
  caller: HashedBuckets,
): Promise<TokenResponse> {
  const { identityToken } = request;
  const keyRing = keyRingOf(broker, request.audience ?? broker.policy.defaultAudience);
  const scopes = grantScopes(request.scopes, broker.policy.audiences[keyRing.audience]?.scopes ?? []);
  const now = broker.now();
  const { audience: identityAudience } = broker.policy.identity;
  const userId = checkIdentityToken(identityToken, { now, audience: identityAudience });
  const { compact } = identityToken;
  if (broker.identityJwtSecret) await verifyIdentityToken(compact, broker.identityJwtSecret);
  await broker.refusedTokens.refuse(compact, now);
  refuseKnown(broker, caller);

  const { identityBudgetMilliseconds } = broker;
  const deleteSignal = idleSignal(identityBudgetMilliseconds, identityTimer);
  const confirmSignal = idleSignal(confirmFactor * identityBudgetMilliseconds, identityTimer);
  try {
    await authenticate(broker, compact, userId, deleteSignal);
    await deleteReserved(broker, { id: userId, token: compact, deleteSignal, confirmSignal }, caller);
  } catch (error) {
    // A caller over the limit of sessions has been counted there.
    if (error instanceof DaypassError && error.code !== 'rate_limited') {
      await broker.refusedTokens.remember(compact, error, now);
      await countRefusedExchange(broker, caller);
    }
    throw error;
  }
  return issueToken(broker, { keyRing, subject: newSubject(), scopes, startedAt: broker.now() });
}

/** Gets the user from Identity: only Identity knows whether the user still exists. */
async function authenticate(
  broker: Pick<ExchangeDependencies, 'identity' | 'policy' | 'now'>,
  token: string,
  userId: UserId,
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
 * Reserves the user's redemption, then deletes the user. Identity's DELETE is no lock (it loads the user outside its
 * transaction and ignores the number of affected rows), so several at once may all succeed: the reservation lets one through.
 */
async function deleteReserved(
  broker: ExchangeDependencies,
  user: Omit<DeletedUser, 'operatorToken'>,
  caller: HashedBuckets,
): Promise<void> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) {
    throw new DaypassError('identity_unavailable', { detail: 'Identity is not enabled on this site.' });
  }
  const nonce = await broker.redemptions.reserve(user.id);
  if (nonce === undefined) throw new DaypassError('already_exchanged');
  // If Redis is away as well, the reservation stays until it expires.
  const release = () => broker.redemptions.release(user.id, nonce).catch(() => undefined);
  const refund = await countSession(broker, caller).catch(async (error) => {
    await release();
    throw error;
  });
  const deletion = await deleteAndConfirm(broker.identity, { ...user, operatorToken }).catch(
    async (error) => {
      // It is unknown whether the user is gone: the reservation stays, and the visitor starts over.
      await refund();
      throw error;
    },
  );
  if (deletion.state === 'gone') return;
  await Promise.all([refund(), deletion.state === 'present' && release()]);
  throw deletion.state === 'present' ? deletion.error : new DaypassError('already_exchanged');
}

/** Tokens that one instance remembers; the oldest are forgotten first. */
const maxTokens = 10_000;

/** Long enough for a program that repeats itself, short enough for an Identity that changed its key. */
const memorySeconds = 60;

/** Refusals that Identity would repeat: it did not sign the token, or the user is gone. */
const lasting: readonly ErrorCode[] = ['subject_token_rejected', 'subject_token_user_gone'];

/** @param hash keeps the tokens themselves out of memory */
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

import { accessTokenType, jwtTokenType } from '../src/protocol/messages.ts';
import { askBroker } from './askBroker.ts';
import { createBackoff } from './backoff.ts';
import { isRefusal } from './errors.ts';
import type { Emit, EndReason } from './events.ts';
import { lasts, renewalMarginSeconds } from './freshness.ts';
import { createLock } from './lock.ts';
import { makeProof } from './makeProof.ts';
import type { Settings } from './options.ts';
import { createPatientRequest, type PatientRequest } from './requestToken.ts';
import { signUp } from './signUp.ts';
import { type HeldToken, openTokenStore } from './storage.ts';

/** A token that will not do though it looks fresh; true for any at hand. */
type Unwanted = string | boolean | undefined;

/** Keeps one access token at hand: out of storage, by renewal, or by a new session, in this order. */
export function createTokenSource(settings: Settings, emit: Emit) {
  const { brokerUrl, prove } = settings;
  const name = `daypass ${brokerUrl} ${settings.audience} ${settings.scope}`;
  const store = openTokenStore(name, settings.storage);
  const withLock = createLock(name);
  const attempt = createBackoff((error) => emit('error', error), prove);
  let flight: Promise<string> | undefined;

  /** The token at hand when it lasts that long and is wanted. */
  async function atHand(seconds: number, unwanted: Unwanted): Promise<string | undefined> {
    const held = await store.read();
    if (!held || unwanted === true || unwanted === held.access_token) return undefined;
    return lasts(held, seconds) ? held.access_token : undefined;
  }

  async function obtain(unwanted: Unwanted): Promise<string> {
    try {
      // Another tab may have been here while this one waited for the lock.
      return (await atHand(renewalMarginSeconds, unwanted)) ?? (await attempt(() => next(unwanted)));
    } catch (error) {
      const token = await atHand(0, unwanted);
      if (token) return token;
      throw error;
    }
  }

  async function next(unwanted: Unwanted): Promise<string> {
    const request = createPatientRequest(settings);
    const renewed = await goOn(await store.read(), unwanted, request);
    const held = renewed ?? (await begin(request));
    await store.write(held);
    emit(renewed ? 'renewed' : 'obtained', held);
    return held.access_token;
  }

  async function begin(request: PatientRequest): Promise<HeldToken> {
    const proof = await makeProof(prove, { brokerUrl, report: (progress) => emit('proof', progress) });
    // A user that was signed up is not given up while another token lasts.
    return request(await signUp(settings, proof), jwtTokenType, async () => true);
  }

  /** Renews; undefined when there is no session, or no more. */
  async function goOn(
    held: HeldToken | undefined,
    unwanted: Unwanted,
    request: PatientRequest,
  ): Promise<HeldToken | undefined> {
    if (!held?.sessionEndsAt) return undefined;
    let reason: EndReason = 'expired';
    if (Date.now() < held.sessionEndsAt) {
      try {
        return await request(held.access_token, accessTokenType, async () => !(await atHand(0, unwanted)));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        reason = 'refused';
      }
    }
    await end(held, reason);
    return undefined;
  }

  /** The token itself may be good for a while, should no new session be had. */
  async function end(held: HeldToken, reason: EndReason): Promise<void> {
    await store.write({ ...held, sessionEndsAt: 0 });
    emit('ended', { reason });
  }

  async function getToken(unwanted?: Unwanted): Promise<string> {
    const token = await atHand(renewalMarginSeconds, unwanted);
    if (token) return token;
    flight ??= withLock(() => obtain(unwanted)).finally(() => {
      flight = undefined;
    });
    return flight;
  }

  return {
    /** @throws SessionError */
    getToken,

    /**
     * Gives the token's session up, unless it has been replaced already, and begins another.
     * @throws SessionError when none is to be had; the token stays in use
     */
    async replaceSession(token: string): Promise<string> {
      await withLock(async () => {
        const held = await store.read();
        if (held?.access_token === token) await end(held, 'refused');
      });
      return getToken(token);
    },

    /** @throws SessionError, and the token is kept, when the broker could not be told */
    revoke: () =>
      withLock(async () => {
        const held = await store.read();
        if (!held) return;
        await askBroker(`${brokerUrl}/revoke`, { token: held.access_token });
        await store.write(undefined);
        emit('ended', { reason: 'revoked' });
      }),
  };
}

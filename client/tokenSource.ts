import { accessTokenType, jwtTokenType } from '../src/protocol/messages.ts';
import { createRetryingRequest, fetchBroker, type RetryingRequest } from './broker.ts';
import { isRefusal } from './errors.ts';
import type { Emit, EndReason } from './events.ts';
import type { Settings } from './options.ts';
import { makeProof, signUp } from './signUp.ts';
import { type HeldToken, lasts, openTokenStore, renewalMarginSeconds } from './storage.ts';
import { createBackoff, requestTimeout, wait } from './timing.ts';

/** Why the token at hand will not do, though it is fresh. */
interface TokenRequest {
  /** Whichever it is, the next one is wanted. */
  renew?: boolean | undefined;
  /** The token that a backend refused. */
  refused?: string;
}

/** Keeps one access token at hand: out of storage, by renewal, or by a new session, in this order. */
export function createTokenSource(settings: Settings, emit: Emit) {
  const { brokerUrl, prove } = settings;
  const name = `daypass ${brokerUrl} ${settings.audience} ${settings.scope}`;
  const store = openTokenStore(name, settings.storage);
  const withLock = createLock(name);
  const attempt = createBackoff((error) => emit('error', error), prove);
  let flight: Promise<string> | undefined;

  /** The token at hand, when it will do and lasts that long. */
  async function atHand(seconds: number, wanted?: TokenRequest): Promise<string | undefined> {
    const held = await store.read();
    const willDo = held && !wanted?.renew && wanted?.refused !== held.access_token && lasts(held, seconds);
    return willDo ? held.access_token : undefined;
  }

  async function obtain(wanted?: TokenRequest): Promise<string> {
    try {
      // Another tab may have been here while this one waited for the lock.
      return (await atHand(renewalMarginSeconds, wanted)) ?? (await attempt(() => next(wanted)));
    } catch (error) {
      const token = await atHand(0, wanted);
      if (token) return token;
      throw error;
    }
  }

  async function next(wanted?: TokenRequest): Promise<string> {
    const request = createRetryingRequest(settings);
    const renewed = await goOn(await store.read(), wanted, request);
    const held = renewed ?? (await begin(request));
    await store.write(held);
    emit(renewed ? 'renewed' : 'obtained', held);
    return held.access_token;
  }

  async function begin(request: RetryingRequest): Promise<HeldToken> {
    const proof = await makeProof(prove, { brokerUrl, report: (progress) => emit('proof', progress) });
    // A user that was signed up is not given up while another token lasts.
    return request(await signUp(settings, proof), jwtTokenType, async () => true);
  }

  /** Renews; undefined when there is no session, or no more. */
  async function goOn(
    held: HeldToken | undefined,
    wanted: TokenRequest | undefined,
    request: RetryingRequest,
  ): Promise<HeldToken | undefined> {
    if (!held?.sessionEndsAt) return undefined;
    let reason: EndReason = 'expired';
    if (Date.now() < held.sessionEndsAt) {
      try {
        return await request(held.access_token, accessTokenType, async () => !(await atHand(0, wanted)));
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

  async function getToken(wanted?: TokenRequest): Promise<string> {
    const token = await atHand(renewalMarginSeconds, wanted);
    if (token) return token;
    flight ??= withLock(() => obtain(wanted)).finally(() => {
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
      return getToken({ refused: token });
    },

    /** @throws SessionError, and the token is kept, when the broker could not be reached */
    revoke: () =>
      withLock(async () => {
        const held = await store.read();
        if (!held) return;
        await fetchBroker(`${brokerUrl}/revoke`, { token: held.access_token });
        await store.write(undefined);
        emit('ended', { reason: 'revoked' });
      }),
  };
}

/**
 * A tab sees what another has written to `localStorage` only after a while, and would be granted the lock sooner: so
 * the lock is held for this long beyond its task.
 */
const holdSeconds = 0.2;

/**
 * Makes a function that runs one task at a time among all tabs and workers of the origin, where the browser has Web
 * Locks and grants one. Elsewhere (an old browser, a profile that blocks site data, a sandboxed frame, a page that is
 * being left) it runs each at once, so that two tabs may make a session each.
 *
 * A lock is waited for as long as one request for a token may take. A tab that holds it longer is frozen, or works out a
 * proof on a slow machine: two sessions then do less harm than a page that hangs. After that it is taken when it is
 * free, and done without when it is not.
 */
export function createLock(name: string) {
  let isHeldTooLong = false;

  return async <T>(task: () => Promise<T>): Promise<T> => {
    let result: Promise<T> | undefined;
    const runOnce = () => {
      result ??= task();
      return result;
    };
    const signal = requestTimeout();
    try {
      await new Promise((resolve, reject) => {
        navigator.locks
          .request(name, isHeldTooLong ? { ifAvailable: true } : { signal }, async (lock) => {
            isHeldTooLong = !lock;
            await runOnce().then(resolve, resolve);
            await wait(holdSeconds);
          })
          .catch(reject);
      });
    } catch {
      // Done without.
      isHeldTooLong ||= signal.aborted;
    }
    return runOnce();
  };
}

import { decodeProtectedHeader } from 'jose';
import type { HeldToken } from '../../client/storage.ts';
import type { Chance } from '../../test/python/support/chance.ts';
import { outcomeOf, send } from './send.ts';
import { renewSession } from './visitor.ts';

/** One request of a visitor, and what came of it. */
export interface Step {
  kind: 'call' | 'renewal';
  /** `kid` of the token that was sent: which secret it is of. */
  keyId: unknown;
  /** When it was sent, seconds since the epoch. */
  at: number;
  outcome: string;
}

/** A visitor who calls with any of its tokens that is valid, not only the latest, and renews the latest in time. */
export interface Traveller {
  /** Whether there is anything to do: between the end of its token and its return it is away. */
  isHere(): boolean;
  act(chance: Chance): Promise<Step>;
}

export interface TravellerOptions {
  /** Seconds since the epoch. */
  now(): number;
  /** How old its token grows before it is renewed. */
  renewsAfterSeconds: number;
}

/** @param site where gate and broker answer */
export function createTraveller(
  site: string,
  first: HeldToken,
  { now, renewsAfterSeconds }: TravellerOptions,
): Traveller {
  const hold = (held: HeldToken, since: number) => ({
    token: held.access_token,
    keyId: decodeProtectedHeader(held.access_token).kid,
    since,
    until: since + held.expires_in,
  });
  let tokens = [hold(first, now())];
  let isRenewing = false;

  const latest = () => tokens.at(-1) as (typeof tokens)[number];
  const isDue = () => !isRenewing && now() - latest().since >= renewsAfterSeconds;
  const valid = () => tokens.filter(({ until }) => now() < until);

  async function renew(): Promise<Step> {
    const { token, keyId } = latest();
    const at = now();
    isRenewing = true;
    try {
      const held = await renewSession(site, token);
      tokens = [...valid(), hold(held, at)];
      return { kind: 'renewal', keyId, at, outcome: '200' };
    } catch (error) {
      return { kind: 'renewal', keyId, at, outcome: String(error) };
    } finally {
      isRenewing = false;
    }
  }

  return {
    isHere: () => isDue() || valid().length > 0,
    async act(chance) {
      if (isDue()) return renew();
      const { token, keyId } = chance.pick(valid());
      const at = now();
      const answer = await send(`${site}/api/hello`, { headers: { authorization: `Bearer ${token}` } });
      return { kind: 'call', keyId, at, outcome: outcomeOf(answer) };
    },
  };
}

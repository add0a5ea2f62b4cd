import { BoundedMap } from '../protocol/boundedMap.ts';
import type { Key, KeyRing } from './keyRing.ts';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Remembers tokens whose signature held, by their exact text, so that a page's second call costs no HMAC. What a token
 * says is judged at each call all the same (`checkClaims`): nothing that depends on the clock, the deploy context or a
 * revocation is kept, and of a token that was refused nothing at all.
 */
export interface VerifiedTokens {
  /** @returns the claims, unless the token is unknown or its key is none of the ring's */
  get(token: string, ring: KeyRing): Claims | undefined;
  /** @param key the one that signed it */
  add(token: string, key: Key, claims: Claims): void;
}

/**
 * @param most how many tokens it holds; the oldest goes first. 0 holds none
 * @example
 * const verifiedTokens = createVerifiedTokens(10_000);
 * await verifyToken(token, { keyRing, issuer, deployContexts, now, verifiedTokens });
 */
export function createVerifiedTokens(most: number): VerifiedTokens {
  const known = new BoundedMap<string, { key: Key; claims: Claims }>(most);
  return {
    get(token, ring) {
      const found = known.get(token);
      // A key serves one audience: what another one's key has signed is not for this ring.
      return found && (found.key === ring.primary || found.key === ring.secondary) ? found.claims : undefined;
    },
    add(token, key, claims) {
      // One request must not change under another's hands what both were given.
      if (most > 0) known.set(token, { key, claims: deepFreeze(claims) });
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

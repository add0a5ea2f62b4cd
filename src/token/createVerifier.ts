import { type DeployContext, deployContexts as knownContexts } from '../protocol/deployContext.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import type { AccessToken } from './accessToken.ts';
import { createKeyRing, type KeyRing } from './keyRing.ts';
import { makeSecretCommand, secretWeakness } from './secret.ts';
import { createVerifiedTokens } from './verifiedTokens.ts';
import { verifyToken } from './verify.ts';

/** What a backend knows of the tokens that it accepts. */
export interface VerifierOptions {
  /** `DAYPASS_SECRET`, shared with the site: at least 32 bytes of UTF-8. */
  secret: string | undefined;
  /** `DAYPASS_SECRET_SECONDARY`: verifies only, during a rotation. */
  secondarySecret?: string | undefined;
  /** `iss`: the site's primary URL, without a trailing slash. */
  issuer: string;
  /** `aud`: this backend's name in the site's policy. Default `api`. */
  audience?: string;
  /** Deploy contexts whose tokens are accepted. Default `['production']`. */
  deployContexts?: readonly DeployContext[];
  /**
   * How many tokens are remembered whose signature held, so that it is checked once: 0 to 1 000 000. Times, issuer and
   * deploy context are judged at each call. Default 1024.
   */
  cacheSize?: number;
  /** The present, milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
}

/** The names of all options. */
export const verifierOptionNames: readonly string[] = Object.keys({
  secret: true,
  secondarySecret: true,
  issuer: true,
  audience: true,
  deployContexts: true,
  cacheSize: true,
  now: true,
} satisfies Record<keyof VerifierOptions, true>);

/**
 * Makes a function that verifies access tokens offline.
 * @returns a function from the compact token to what it says; it throws a `DaypassError` with a code `token_…`
 * @throws {ConfigurationError} a TypeError: a secret is missing or weak, or an option is malformed, or none of
 * `VerifierOptions`
 */
export function createVerifier(options: VerifierOptions): (token: string) => Promise<AccessToken> {
  assertKnownKeys('createVerifier', options, verifierOptionNames);
  const {
    secret,
    secondarySecret,
    issuer,
    audience = 'api',
    deployContexts = ['production'],
    cacheSize = 1024,
    now = Date.now,
  } = options;
  const problems: string[] = [];
  const weakness = secretWeakness(secret);
  if (weakness)
    problems.push(
      `secret ${weakness}. Set it to the site's DAYPASS_SECRET, or make one: ${makeSecretCommand}`,
    );
  const secondaryWeakness = secondarySecret === undefined ? undefined : secretWeakness(secondarySecret);
  if (secondaryWeakness)
    problems.push(`secondarySecret ${secondaryWeakness}. Make one: ${makeSecretCommand}`);
  if (secondarySecret !== undefined && secondarySecret === secret)
    problems.push('secret and secondarySecret are equal.');
  if (!URL.canParse(issuer) || new URL(issuer).origin !== issuer) {
    problems.push('issuer must be an origin such as https://example.com, without path or trailing slash.');
  }
  if (typeof audience !== 'string' || audience === '') problems.push('audience must be a name such as api.');
  if (
    !Array.isArray(deployContexts) ||
    !deployContexts.every((context) => knownContexts.includes(context)) ||
    deployContexts.length === 0
  ) {
    problems.push(`deployContexts must be a list of some of ${knownContexts.join(', ')}.`);
  }
  if (!Number.isInteger(cacheSize) || cacheSize < 0 || cacheSize > 1_000_000) {
    problems.push('cacheSize must be a number of tokens, from 0 to 1 000 000.');
  }
  if (typeof now !== 'function') problems.push('now must be a function that returns milliseconds.');
  if (problems.length > 0) throw new ConfigurationError(problems);

  const verifiedTokens = createVerifiedTokens(cacheSize);
  let keyRing: Promise<KeyRing> | undefined;
  return async (token) => {
    keyRing ??= createKeyRing({ audience, secret: secret as string, secondarySecret });
    return verifyToken(token, {
      keyRing: await keyRing,
      issuer,
      deployContexts,
      now: Math.floor(now() / 1000),
      verifiedTokens,
    });
  };
}

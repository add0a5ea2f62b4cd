import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from './accessToken.ts';
import { SettingMismatch } from './claims.ts';
import { createKeyRing } from './keyRing.ts';
import { createVerifiedTokens } from './verifiedTokens.ts';
import { checkVerifierOptions, type VerifierOptions } from './verifierOptions.ts';
import { type AcceptedSite, verifyAmong } from './verify.ts';

/** What was warned of in this process already. */
const warned = new Set<string>();

/** Whoever has a secret can write what they like into tokens: past this many warnings nobody reads another. */
const maxWarnings = 100;

/**
 * Makes a function that verifies access tokens offline, of one site or of several.
 * @returns a function from the compact token to what it says; it throws a `DaypassError` with a code `token_…`. A token
 * that one of the secrets has signed, but for another issuer, audience or deploy context, is told to `warn` as well: once
 * for each cause in a process, with both values and the option, without the token
 * @throws {ConfigurationError} a TypeError: a secret is missing or weak, two sites have one issuer or one secret, or an
 * option is malformed, or none of `VerifierOptions`
 * @example
 * const verify = createVerifier({ secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' });
 * const { subject, issuer } = await verify(token);
 */
export function createVerifier(options: VerifierOptions): (token: string) => Promise<AccessToken> {
  const { sites, cacheSize, warn, now } = checkVerifierOptions(options);
  const verifiedTokens = createVerifiedTokens(cacheSize);
  let accepted: Promise<AcceptedSite[]> | undefined;
  return async (token) => {
    accepted ??= Promise.all(
      sites.map(async ({ issuer, deployContexts, ...keys }) => ({
        issuer,
        deployContexts,
        keyRing: await createKeyRing(keys),
      })),
    );
    try {
      return await verifyAmong(await accepted, token, { now: Math.floor(now() / 1000), verifiedTokens });
    } catch (error) {
      if (error instanceof DaypassError && error.cause instanceof SettingMismatch) {
        warnOnce(warn, `Daypass: an access token was refused (${error.code}), though ${error.cause.message}`);
      }
      throw error;
    }
  };
}

function warnOnce(warn: (message: string) => void, message: string): void {
  if (warned.has(message) || warned.size >= maxWarnings) return;
  warned.add(message);
  warn(message);
}

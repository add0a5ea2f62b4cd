import type { AccessToken } from './accessToken.ts';
import { createVerifier } from './createVerifier.ts';
import type { VerifierOptions } from './verifierOptions.ts';

const verifiers = new WeakMap<VerifierOptions, (token: string) => Promise<AccessToken>>();

/**
 * Verifies an access token offline, in any server with web standards (Node, Deno, edge runtimes).
 * @param token the compact token, as it stood behind `Authorization: Bearer`
 * @param options what this backend accepts; keep the object, for its keys are imported once
 * @returns what the token says; times are seconds since the epoch
 * @throws {DaypassError} the token is refused: `code` says why, answer 401 for all of them
 * @throws {ConfigurationError} a TypeError: an option is at fault
 */
export async function verifyAccessToken(token: string, options: VerifierOptions): Promise<AccessToken> {
  let verify = verifiers.get(options);
  if (!verify) {
    verify = createVerifier(options);
    verifiers.set(options, verify);
  }
  return verify(token);
}

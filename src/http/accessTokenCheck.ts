import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { readBearer } from '../token/bearer.ts';
import { SettingMismatch } from '../token/claims.ts';
import { createVerifier } from '../token/createVerifier.ts';
import { type VerifierOptions, verifierOptionNames } from '../token/verifierOptions.ts';
import { problemResponse } from './problem.ts';

/** What `requireAccessToken` of a framework takes. */
export type AccessTokenOptions = VerifierOptions & {
  /** The scope that a token must carry (RFC 6749 §3.3). Default: none. */
  scope?: string | undefined;
  /**
   * Whether a 401 says which option refused a token that is signed right: its issuer, audience or deploy context, both
   * values, and how tokens of `npm start` are accepted. Never for any other token. Default: where `NODE_ENV` is not
   * `production`; never on Netlify, and never where there is no `process`.
   */
  debug?: boolean | undefined;
};

/** The check that the middlewares share. */
export interface AccessTokenCheck {
  /** @throws {DaypassError} `token_…`, `insufficient_scope` */
  check(headers: Headers): Promise<AccessToken>;
  /** The answer to a refusal: problem+json (RFC 9457) with the challenge of RFC 6750 §3. */
  refuse(error: DaypassError): Response;
}

/**
 * `Vary` of an answer that is one caller's, and so not the answer to another token (RFC 9111 §4.1).
 * @param before what the answer says already
 */
export function varyByToken(before: string): string {
  const names = before.split(',').map((name) => name.trim());
  const known = new Set(names.map((name) => name.toLowerCase()));
  const added = ['Authorization', 'X-Daypass'].filter((name) => !known.has(name.toLowerCase()));
  return [...names.filter((name) => name !== ''), ...added].join(', ');
}

/**
 * @param isDebugMode the default of `debug`
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 */
export function createAccessTokenCheck(options: AccessTokenOptions, isDebugMode: boolean): AccessTokenCheck {
  assertKnownKeys('requireAccessToken', options, [...verifierOptionNames, 'scope', 'debug']);
  const { scope, debug = isDebugMode, ...verifierOptions } = options;
  const problems: string[] = [];
  // RFC 6749 §3.3. No token carries what is no scope, but a list of them would be a mistake that nobody sees.
  if (scope !== undefined && (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    problems.push('requireAccessToken: scope must be one scope, such as write.');
  }
  if (typeof debug !== 'boolean') problems.push('requireAccessToken: debug must be true or false.');
  if (problems.length > 0) throw new ConfigurationError(problems);
  const verify = createVerifier(verifierOptions);
  return {
    async check(headers) {
      const token = await verify(readBearer(headers));
      if (scope !== undefined && !token.scopes.includes(scope)) throw new DaypassError('insufficient_scope');
      return token;
    },
    refuse(error) {
      const { cause, message } = error;
      return debug && cause instanceof SettingMismatch
        ? problemResponse(error, `${message} But ${cause.message}`)
        : problemResponse(error);
    },
  };
}

import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { DeployContext } from '../protocol/wire.ts';

/** What a verified access token says. Times are seconds since the epoch (RFC 7519 §2, NumericDate). */
export interface AccessToken {
  /** `sub`: names the session, `anon_` and 22 base64url characters. */
  readonly subject: string;
  readonly issuer: string;
  readonly audience: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** `auth_time`: when the exchange took place; undefined when the token does not say. */
  readonly sessionStartedAt: number | undefined;
  /** `jti`. */
  readonly tokenId: string;
  readonly scopes: readonly string[];
  readonly deployContext: DeployContext;
  /** Every claim as it stood in the token. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Clocks of two machines may differ by this much, in either direction. */
const skewSeconds = 30;

/** No policy may mint a longer life, so no longer one is believed. */
const maxTtlSeconds = 3600;

export interface ClaimsPolicy {
  issuer: string;
  audience: string;
  deployContexts: readonly DeployContext[];
  /** The present, seconds since the epoch. */
  now: number;
  expiredGraceSeconds?: number;
  sessionsNotBefore?: number | undefined;
}

/**
 * Why a token with a valid signature was refused: the site that signed it and this verifier are configured differently. The
 * message is for the operator's log: it names claim and setting with both values, and never the token.
 */
export class SettingMismatch extends Error {
  override readonly name = 'SettingMismatch';

  constructor(claims: Readonly<Record<string, unknown>>, { issuer, audience, deployContexts }: ClaimsPolicy) {
    const differences = [
      difference('iss', claims.iss, 'issuer', [issuer]),
      difference('aud', claims.aud, 'audience', [audience]),
      difference('deploy_context', claims.deploy_context, 'deployContexts', deployContexts),
    ].filter((text) => text !== '');
    const remedy =
      claims.deploy_context === 'dev' && !deployContexts.includes('dev')
        ? "To accept the tokens of `npx daypass dev`, take its URL for issuer, and deployContexts: ['dev']."
        : 'Correct the setting, here or at the site. If such tokens are not meant for this backend, ignore this.';
    super(`${differences.join('; ')}. ${remedy}`);
  }
}

function difference(claim: string, found: unknown, setting: string, accepted: readonly string[]): string {
  if (accepted.includes(found as string)) return '';
  return `the token's ${claim} is ${quote(found)}, and ${setting} is ${accepted.map(quote).join(', ')}`;
}

/** In full where it is of any use, and on one line. */
function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 200));
}

/**
 * Validates the claims of a token whose signature holds (RFC 7519 §4.1, RFC 8725 §3.8 to §3.10).
 * @throws {DaypassError} `token_claims` for one that is absent or of the wrong type, `session_ended`, else the claim's own
 * code
 */
export function checkClaims(claims: Readonly<Record<string, unknown>>, policy: ClaimsPolicy): AccessToken {
  const { iss, aud, sub, jti, deploy_context: deployContext, scope = '' } = claims;
  const strings = [iss, aud, sub, jti, deployContext, scope];
  if (!strings.every((claim) => typeof claim === 'string') || jti === '')
    throw new DaypassError('token_claims');
  const issuedAt = numericDate(claims.iat);
  const expiresAt = numericDate(claims.exp);
  const notBefore = claims.nbf === undefined ? undefined : numericDate(claims.nbf);
  const sessionStartedAt = claims.auth_time === undefined ? undefined : numericDate(claims.auth_time);
  // Else a session could be made to begin, and so to end, as late as one likes.
  if (sessionStartedAt !== undefined && sessionStartedAt > issuedAt) throw new DaypassError('token_claims');

  const refuse = (code: ErrorCode) => new DaypassError(code, { cause: new SettingMismatch(claims, policy) });
  if (iss !== policy.issuer) throw refuse('token_issuer');
  if (aud !== policy.audience) throw refuse('token_audience');
  if (!/^anon_[A-Za-z0-9_-]{22}$/.test(sub as string)) throw new DaypassError('token_subject');
  if (expiresAt <= issuedAt || expiresAt - issuedAt > maxTtlSeconds) throw new DaypassError('token_lifetime');
  if (Math.max(issuedAt, notBefore ?? 0) > policy.now + skewSeconds)
    throw new DaypassError('token_not_yet_valid');
  if (policy.now >= expiresAt + skewSeconds + (policy.expiredGraceSeconds ?? 0)) {
    throw new DaypassError('token_expired');
  }
  const accepted = policy.deployContexts.find((context) => context === deployContext);
  if (accepted === undefined) throw refuse('token_deploy_context');
  const { sessionsNotBefore } = policy;
  if (
    sessionsNotBefore !== undefined &&
    (sessionStartedAt === undefined || sessionStartedAt < sessionsNotBefore)
  )
    throw new DaypassError('session_ended');

  return {
    subject: sub as string,
    issuer: policy.issuer,
    audience: policy.audience,
    issuedAt,
    expiresAt,
    sessionStartedAt,
    tokenId: jti as string,
    scopes: (scope as string).split(' ').filter((name) => name !== ''),
    deployContext: accepted,
    claims,
  };
}

/** RFC 7519 §2 allows fractions; we mint whole seconds, and take nothing else. */
function numericDate(claim: unknown): number {
  if (!Number.isSafeInteger(claim) || (claim as number) < 0) throw new DaypassError('token_claims');
  return claim as number;
}

import type { DeployContext } from '../protocol/deployContext.ts';

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

import { base64url, SignJWT } from 'jose';
import type { KeyRing } from './keys.ts';

/** 128 random bits as 22 base64url characters. */
export function randomId(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(16)));
}

/** A new session's `sub`. */
export function newSubject(): string {
  return `anon_${randomId()}`;
}

export interface MintOptions {
  keyRing: KeyRing;
  /** `iss`: the policy's issuer. */
  issuer: string;
  /** `sub`: the session. */
  subject: string;
  scopes: readonly string[];
  /** One of the known deploy contexts, except in tests of what verifiers refuse. */
  deployContext: string;
  /** Life in seconds, 60 to 3600. */
  ttlSeconds: number;
  /** `auth_time`, seconds since the epoch: when the session's exchange took place. */
  sessionStartedAt: number;
  /** `sid`, which only the broker reads. Without it, no broker renews the token or revokes its session. */
  sessionId?: string;
  /** `jti`. Default: random. */
  tokenId?: string | undefined;
  /** The present, seconds since the epoch. */
  now: number;
}

/**
 * Mints an access token: a JWT signed with HS256 by the audience's primary key (RFC 7519, RFC 7518 §3.2).
 * @returns the compact form
 */
export function mintAccessToken(options: MintOptions): Promise<string> {
  const { keyRing, now } = options;
  return new SignJWT({
    auth_time: options.sessionStartedAt,
    sid: options.sessionId,
    scope: options.scopes.join(' '),
    deploy_context: options.deployContext,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyRing.primary.id })
    .setIssuer(options.issuer)
    .setSubject(options.subject)
    .setAudience(keyRing.audience)
    .setIssuedAt(now)
    .setExpirationTime(now + options.ttlSeconds)
    .setJti(options.tokenId ?? randomId())
    .sign(keyRing.primary.key);
}

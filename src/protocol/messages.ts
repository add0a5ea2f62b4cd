import type { ErrorCode } from './codes.ts';
import type { accessTokenType } from './oauth.ts';

/** RFC 8693 §2.2.1, with the life of the whole session beside the token's. */
export interface TokenResponse {
  access_token: string;
  issued_token_type: typeof accessTokenType;
  token_type: 'Bearer';
  /** Seconds until the access token expires. */
  expires_in: number;
  /** RFC 6749 §3.3: scopes separated by spaces; empty when none. */
  scope: string;
  /** Seconds until the session ends and only a new exchange helps. */
  session_expires_in: number;
}

/** RFC 6749 §5.2, with our stable code. What `/session/token` answers when it refuses. */
export interface TokenErrorResponse {
  error: string;
  error_description: string;
  code: ErrorCode;
}

/** RFC 9457 §3, with our stable code. What every other address answers when it refuses. */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
}

/** RFC 7662 §2.2. Only `active` is there when the token is refused. */
export interface IntrospectionResponse {
  active: boolean;
  scope?: string;
  token_type?: 'Bearer';
  iss?: string;
  sub?: string;
  aud?: string;
  iat?: number;
  exp?: number;
  jti?: string;
  auth_time?: number;
  deploy_context?: string;
}

/** One line of `GET /session/status`. */
export interface StatusCheck {
  name: 'secrets' | 'identity' | 'registration' | 'autoconfirm' | 'redis' | 'upstream';
  ok: boolean;
  /** What is wrong and which setting mends it; absent when all is well. */
  remedy?: string;
}

/** What `GET /session/status` answers. It names settings and never says a secret. */
export interface StatusResponse {
  ok: boolean;
  checks: StatusCheck[];
}

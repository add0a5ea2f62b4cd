import type { ErrorCode } from './codes.ts';

/** RFC 8693 §2.1: the grant type of a token exchange. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** RFC 8693 §3: a subject token that is a JWT of another issuer; here an Identity token. */
export const jwtTokenType = 'urn:ietf:params:oauth:token-type:jwt';

/** RFC 8693 §3: a Daypass access token, issued or handed in for renewal. */
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Whether a value is one scope. RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value);
}

/** RFC 8693 §2.2.1, with the life of the session as well as the token's. */
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
  /** The entry of the code in the documents. */
  error_uri: string;
  code: ErrorCode;
}

/** RFC 9457 §3, with our stable code. What every other address answers when it refuses. */
export interface Problem {
  /** The entry of the code in the documents. */
  type: string;
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

// Worded as Netlify's dashboard and its page "Registration and login".

/** What makes Identity answer on a site where its URL is 404. */
export const identityRemedy = 'In Project configuration > Identity, enable Identity.';

/** What opens sign-up on a site whose Identity answers 403 "Signups not allowed for this instance". */
export const registrationRemedy = 'In Project configuration > Identity > Registration, choose Open.';

/** What turns autoconfirm on where Identity answers "Email not confirmed". */
export const autoconfirmRemedy =
  'In Project configuration > Identity > Emails > Confirmation template, check "Allow users to sign up without verifying their email address".';

/** The field of `user_metadata` in which a sign-up brings its proof; gone once the user is admitted. */
export const proofField = 'daypass_proof';

/** The parameters of ALTCHA's challenge, version 2; times in seconds since the epoch, lengths in bytes. */
export interface WorkParameters {
  algorithm: string;
  nonce: string;
  salt: string;
  cost: number;
  keyLength: number;
  keyPrefix: string;
  keySignature?: string;
  expiresAt?: number;
}

/** What `GET /session/challenge` answers: which proof a sign-up needs, and what to make it from. */
export type ChallengeResponse =
  | { proof: 'none' }
  | {
      proof: 'proof-of-work';
      /** ALTCHA's challenge, version 2; the proof is base64 of the JSON of `{ challenge, solution }`. */
      challenge: { parameters: WorkParameters; signature: string };
      /** The most tries that a solver may need. */
      max_tries: number;
      /** Seconds until the challenge expires. */
      expires_in: number;
    }
  | {
      proof: 'turnstile';
      /** The widget's public key; the proof is the widget's token. */
      site_key: string;
    };

/** One line of `GET /session/stats`. */
export interface StatsCount {
  /** The UTC day, such as `2026-11-21`. */
  day: string;
  event: StatsEvent;
  /** Why, where the event has a reason. */
  code?: ErrorCode;
  /** The route's `path` in the policy, where the event belongs to one. */
  route?: string;
  count: number;
}

/**
 * `passed` and `refused` by the gate; `would_refuse`: let through because the policy's mode is `monitor`;
 * `revocation_unchecked`: let through although Redis could not say whether the session was revoked;
 * `circuit_opened` and `circuit_closed`: an instance of the gate or the guard stopped calling Redis, or calls it again;
 * `store_refusing` and `store_accepting`: Redis answers an instance, but refuses to count, or counts again;
 * `ceiling_near` and `ceiling_reached`: an instance saw a `total` limit with a fifth left, or used up.
 */
export type StatsEvent =
  | 'passed'
  | 'refused'
  | 'would_refuse'
  | 'revocation_unchecked'
  | 'circuit_opened'
  | 'circuit_closed'
  | 'store_refusing'
  | 'store_accepting'
  | 'ceiling_near'
  | 'ceiling_reached';

/** What `GET /session/stats` answers. Counts are sent to Redis a second late, so the latest may be missing. */
export interface StatsResponse {
  mode: 'enforce' | 'monitor';
  counts: StatsCount[];
}

/** What `POST /session/sweep` answers. */
export interface SweepResponse {
  /** Users that the list held and this run looked at. */
  seen: number;
  /** Throwaway users that this run deleted. */
  deleted: number;
  /** Throwaway users that were already gone. */
  gone: number;
  /** All other users: members, and throwaway users that are too young. None was touched. */
  kept: number;
  /** Throwaway users that Identity would not delete now; the next run tries again. */
  failed: number;
  /** Users whose records Identity could not give, or that are larger than 32 MiB: passed over, and named in the log. */
  unread: number;
  /** Whether the list was seen to its end. */
  done: boolean;
  /** Where the next run goes on, for the form's `cursor`; absent when done. */
  cursor?: string;
  /** Which users this call could not know of. */
  note: string;
}

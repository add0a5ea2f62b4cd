import type { ErrorCode } from '../src/protocol/codes.ts';
import { autoconfirmRemedy, identityRemedy, registrationRemedy } from '../src/protocol/messages.ts';
import type { Prove } from './options.ts';

/** How Identity refuses to log a user in whose e-mail it has not confirmed. */
export const emailNotConfirmed = 'Email not confirmed';

/**
 * Why there is no token. In addition to the broker's own codes:
 * - `registration_closed`, `autoconfirm_off`: a setting of the site's Identity; the error's `remedy` says which.
 * - `identity_not_found`, `broker_not_found`: nothing answers there, or something else does; the `remedy` says what to
 *   enable, or to deploy.
 * - `admission_denied`: the site's event function refused the sign-up, or failed; its log says which. A site that requires
 *   a proof refuses every sign-up without one: on a page that makes none, the `remedy` says how to.
 * - `proof_failed`: no proof could be made.
 * - `network_error`: nothing answered, or not in time.
 * - `unexpected_answer`: any other answer of Identity, or of something in its or the broker's place; `status` and
 *   `reason` say more.
 * - `unexpected_error`: no answer but the page, or its browser, failed; `reason` has the words of what was thrown.
 */
export type SessionErrorCode =
  | ErrorCode
  | 'registration_closed'
  | 'autoconfirm_off'
  | 'identity_not_found'
  | 'broker_not_found'
  | 'admission_denied'
  | 'proof_failed'
  | 'network_error'
  | 'unexpected_answer'
  | 'unexpected_error';

/** What else is known of a failure; without a code, it follows from reason and status. */
type Details = {
  [Name in 'code' | 'status' | 'url' | 'requestId' | 'retryAfterSeconds']?: SessionError[Name] | undefined;
} & {
  /** How the page makes proofs: one that does was not denied for want of it. */
  prove?: Prove | undefined;
};

/** The one error of a session. It never holds a token, an e-mail or a password. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  /** Stable; compare this and not the message. */
  declare readonly code: SessionErrorCode;
  /** What Identity, the broker or the browser said; may be empty. */
  declare readonly reason: string;
  /** HTTP status of the answer; undefined when there was none. */
  declare readonly status: number | undefined;
  /** The requested URL, absolute; undefined when the failure is not that of a request. */
  declare readonly url: string | undefined;
  /** Names the request in the logs: `X-Request-Id` of the broker's answer, `error_id` of Identity's and of the guard's. */
  declare readonly requestId: string | undefined;
  /** The setting that fixes it and where it is; undefined when no setting does. */
  declare readonly remedy: string | undefined;
  /** Seconds from now until the session tries again; calls before that fail at once with this same code. */
  declare readonly retryAfterSeconds: number | undefined;

  constructor(reason: string, details: Details = {}) {
    const { status, url, requestId, retryAfterSeconds } = details;
    const code = details.code ?? codeOf(reason, status);
    const remedy = remedyOf(code, details.prove);
    const fullUrl = url && absolute(url);
    super(
      `Daypass: ${reason || status || code}${fullUrl ? ` (${fullUrl})` : ''}${remedy ? `. ${remedy}` : ''}`,
    );
    Object.assign(this, { code, reason, status, url: fullUrl, requestId, remedy, retryAfterSeconds });
  }
}

/**
 * What failed, as the session's error: `fetch`, a proof and a storage may be the page's own, and throw anything.
 * @param code for an error that is not a SessionError yet
 */
export function toSessionError(error: unknown, code: SessionErrorCode, url?: string): SessionError {
  // By its name: who makes a proof may be another file, with a class of its own.
  if ((error as SessionError | undefined)?.name === 'SessionError') return error as SessionError;
  return new SessionError((error as Error | undefined)?.message || `${error ?? ''}`, { code, url });
}

/** As `fetch` resolves it; as it is where that cannot be done, which may be the failure. */
function absolute(url: string): string {
  try {
    return new Request(url).url;
  } catch {
    return url;
  }
}

/**
 * Recognises an answer of a server that is neither Identity nor the broker: both answer POST at each of their URLs, which
 * other servers refuse.
 * @returns the code, for such a status
 */
export function ifAbsent<Code>(status: number | undefined, code: Code): Code | undefined {
  return /^(404|405|501)$/.test(`${status}`) ? code : undefined;
}

function codeOf(reason: string, status: number | undefined): SessionErrorCode {
  if (!status) return 'network_error';
  if (status === 429) return 'rate_limited';
  // As Identity words it; the status of either may mean something else.
  if (/^Signups not allowed/.test(reason)) return 'registration_closed';
  if (/^Failed to handle signup/.test(reason)) return 'admission_denied';
  return reason === emailNotConfirmed ? 'autoconfirm_off' : 'unexpected_answer';
}

function remedyOf(code: SessionErrorCode, prove: Prove | undefined): string | undefined {
  const remedies: Partial<Record<SessionErrorCode, string | undefined>> = {
    registration_closed: registrationRemedy,
    autoconfirm_off: autoconfirmRemedy,
    identity_not_found: `${identityRemedy} Or set identityUrl.`,
    broker_not_found: 'Deploy netlify/functions/session.ts, or set brokerUrl.',
    admission_denied: prove ? undefined : 'If the site requires a proof, set data-proof or prove.',
    // The broker's refusal is one that such a page may not read.
    network_error:
      globalThis.origin === 'null' ? 'Set allow-same-origin on the frame, or origins: ["null"].' : undefined,
  };
  return remedies[code];
}

/** Distinguishes an answer that will not change (the token is refused) from one that may (429, 5xx, no answer). */
export function isRefusal(error: unknown): boolean {
  return /^4(?!29)/.test(`${(error as SessionError).status}`);
}

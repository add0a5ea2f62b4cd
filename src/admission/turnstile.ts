import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import { type ProofMethod, readProof } from './proofMethod.ts';

const siteverifyUrl = 'https://challenges.cloudflare.com/turnstile/v0/siteverify';

/** The longest token that Cloudflare issues. */
const maxCharacters = 2048;

/** An event function has 5 s. */
const timeoutMilliseconds = 3000;

/**
 * What Cloudflare's error codes mean for a sign-up; any other code means that the proof cannot be verified now.
 * `timeout-or-duplicate` is a token that is too old or was used before. A page requests a token for each sign-up, so its tokens
 * can only be too old; the remedy, a new token, is the same for both.
 */
const refusals: Readonly<Record<string, ErrorCode>> = {
  'timeout-or-duplicate': 'proof_expired',
  'missing-input-response': 'proof_refused',
  'invalid-input-response': 'proof_refused',
};

const secretFaults = ['missing-input-secret', 'invalid-input-secret'];

export interface TurnstileOptions {
  /** The widget's public key. */
  siteKey: string;
  secretKey: string;
  /** Endpoint that verifies tokens. Default: Cloudflare's. */
  url?: string;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Cloudflare's Turnstile. The user's id is the `idempotency_key`: verified again for the same sign-up, it gets the same
 * answer; for another user the token is spent.
 * (developers.cloudflare.com/turnstile/get-started/server-side-validation)
 */
export function createTurnstile(options: TurnstileOptions): ProofMethod {
  const { siteKey, secretKey, url = siteverifyUrl, fetch: send = (...input) => fetch(...input) } = options;

  async function siteverify(token: string, userId: string): Promise<unknown> {
    try {
      const response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // No `remoteip`: event functions do not get the visitor's IP address.
        body: JSON.stringify({ secret: secretKey, response: token, idempotency_key: userId }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      if (response.status !== 200) throw unavailable(`Turnstile answered ${response.status}.`);
      return await response.json();
    } catch (cause) {
      throw cause instanceof DaypassError ? cause : unavailable('Turnstile did not answer.', cause);
    }
  }

  return {
    challenge: async () => ({ proof: 'turnstile', site_key: siteKey }),
    describe: async () => ({ proof: 'turnstile', site_key: siteKey }),
    async verify(proof, userId) {
      const outcome = readOutcome(await siteverify(readProof(proof, maxCharacters), userId));
      if (outcome.success) return;
      if (outcome.errors.some((error) => secretFaults.includes(error))) {
        throw unavailable("Turnstile refused TURNSTILE_SECRET_KEY: copy it from Cloudflare's dashboard.");
      }
      const codes = outcome.errors.map((error) =>
        Object.hasOwn(refusals, error) ? refusals[error] : undefined,
      );
      const [code] = codes;
      // Several codes that contradict each other decide nothing.
      if (code === undefined || codes.some((other) => other !== code)) {
        throw unavailable('Turnstile could not verify the proof.');
      }
      throw new DaypassError(code);
    },
  };
}

function readOutcome(answer: unknown): { success: boolean; errors: string[] } {
  const { success, 'error-codes': errors = [] } = (answer ?? {}) as Record<string, unknown>;
  const isOutcome = typeof success === 'boolean' && Array.isArray(errors);
  if (!isOutcome) throw unavailable('Turnstile gave an answer that its documentation does not describe.');
  return { success, errors: errors.map(String) };
}

function unavailable(detail: string, cause?: unknown): DaypassError {
  return new DaypassError('turnstile_unavailable', { detail, cause });
}

/**
 * Whether a secret key is one of Cloudflare's published test keys (`1x0000…`, `2x0000…`, `3x0000…`): the first accepts every
 * proof, the others none. (developers.cloudflare.com/turnstile/troubleshooting/testing)
 */
export function isTestSecret(secretKey: string | undefined): boolean {
  return secretKey !== undefined && /^[123]x0{20}/.test(secretKey);
}

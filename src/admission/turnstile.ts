import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { ProofMethod } from './proofMethod.ts';
import { requireProof } from './requireProof.ts';

const siteverifyUrl = 'https://challenges.cloudflare.com/turnstile/v0/siteverify';

/** Longer tokens Cloudflare does not make. */
const mostCharacters = 2048;

/** An event function has 5 s. */
const timeoutMilliseconds = 3000;

/**
 * What Cloudflare's error codes mean for a sign-up; all others: that it cannot be judged now. `timeout-or-duplicate` is
 * a token that is too old or was redeemed, it does not say which. A page asks for a new one each time, so its own are too
 * old; and asking for another is the remedy of both.
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
  /** Where tokens are verified. Default: at Cloudflare. */
  url?: string;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Cloudflare's Turnstile. A token is verified under the id of the user as `idempotency_key`: asked again about the same
 * sign-up Cloudflare answers alike, about another one that the token is spent.
 * (developers.cloudflare.com/turnstile/get-started/server-side-validation)
 */
export function createTurnstile(options: TurnstileOptions): ProofMethod {
  const { siteKey, secretKey, url = siteverifyUrl, fetch: send = (...input) => fetch(...input) } = options;

  async function ask(token: string, userId: string): Promise<unknown> {
    try {
      const response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // No `remoteip`: an event function is not told whose sign-up it is.
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
      const outcome = readOutcome(await ask(requireProof(proof, mostCharacters), userId));
      if (outcome.success) return;
      if (outcome.errors.some((error) => secretFaults.includes(error))) {
        throw unavailable("Turnstile refused TURNSTILE_SECRET_KEY: copy it from Cloudflare's dashboard.");
      }
      const codes = outcome.errors.map((error) =>
        Object.hasOwn(refusals, error) ? refusals[error] : undefined,
      );
      const [code] = codes;
      // Several codes that do not agree say nothing that one could go by.
      if (code === undefined || codes.some((other) => other !== code)) {
        throw unavailable('Turnstile could not judge the proof.');
      }
      throw new DaypassError(code);
    },
  };
}

function readOutcome(answer: unknown): { success: boolean; errors: string[] } {
  const { success, 'error-codes': errors = [] } = (answer ?? {}) as Record<string, unknown>;
  const isOutcome = typeof success === 'boolean' && Array.isArray(errors);
  if (!isOutcome) throw unavailable('Turnstile answered something else than its documentation says.');
  return { success, errors: errors.map(String) };
}

function unavailable(detail: string, cause?: unknown): DaypassError {
  return new DaypassError('turnstile_unavailable', { detail, cause });
}

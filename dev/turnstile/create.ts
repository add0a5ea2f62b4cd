import { type Outcome, refuse, succeed } from './outcome.ts';
import { readInput } from './readInput.ts';
import { dummyToken, testSecrets } from './testKeys.ts';

/** How long a token can be redeemed. */
const tokenSeconds = 300;

export interface DevTurnstileOptions {
  /** The secret of the one widget that there is, beside the test keys. */
  secretKey: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export interface DevTurnstile {
  /** Answers `POST /turnstile/v0/siteverify`, whatever the path. */
  fetch(request: Request): Promise<Response>;
  /** A token as the widget would give it to a visitor who passed. */
  issueToken(): string;
}

interface Issued {
  at: number;
  redeemed?: { key: string | undefined; outcome: Outcome };
}

/**
 * A stand-in for Cloudflare's siteverify, in memory, that answers as its documentation says
 * (developers.cloudflare.com/turnstile/get-started/server-side-validation and /troubleshooting/testing): tokens of 300
 * seconds that can be redeemed once, or again under the same `idempotency_key`; the test secrets with the dummy token.
 */
export function createDevTurnstile({ secretKey, now = () => Date.now() }: DevTurnstileOptions): DevTurnstile {
  const tokens = new Map<string, Issued>();

  function redeem(token: string, key: string | undefined): Outcome {
    const issued = tokens.get(token);
    if (!issued) return refuse('invalid-input-response');
    if (issued.redeemed) {
      const isRepeated = key !== undefined && issued.redeemed.key === key;
      return isRepeated ? issued.redeemed.outcome : refuse('timeout-or-duplicate');
    }
    if (now() - issued.at >= tokenSeconds * 1000) return refuse('timeout-or-duplicate');
    const outcome = succeed(issued.at, '');
    issued.redeemed = { key, outcome };
    return outcome;
  }

  function verify(secret: string, token: string, key: string | undefined): Outcome {
    if (secret === secretKey) return redeem(token, key);
    if (secret === testSecrets.alwaysFails) return refuse('invalid-input-response');
    if (secret === testSecrets.alreadySpent) return refuse('timeout-or-duplicate');
    if (secret !== testSecrets.alwaysPasses) return refuse('invalid-input-secret');
    return token === dummyToken ? succeed(now(), 'test') : refuse('invalid-input-response');
  }

  return {
    async fetch(request) {
      if (request.method !== 'POST') return new Response(null, { status: 405 });
      const input = await readInput(request);
      return Response.json('secret' in input ? verify(input.secret, input.response, input.key) : input);
    },
    issueToken() {
      const token = `0.${crypto.randomUUID()}`;
      tokens.set(token, { at: now() });
      return token;
    },
  };
}

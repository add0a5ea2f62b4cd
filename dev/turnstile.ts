import { assertOptions, assertPort, OptionsError } from './assertOptions.ts';
import { listen } from './listen.ts';

/** How long a token can be redeemed. */
const tokenSeconds = 300;

export interface DevTurnstileOptions {
  /** The secret of the one widget that there is, besides the test keys. */
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
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 */
export function createDevTurnstile(options: DevTurnstileOptions): DevTurnstile {
  assertOptions('Dev Turnstile', options, ['secretKey', 'now']);
  const { secretKey, now = Date.now } = options;
  const problems = [
    ...(typeof secretKey === 'string' && secretKey !== ''
      ? []
      : ['secretKey must be a text that is not empty']),
    ...(typeof now === 'function' ? [] : ['now must be a function']),
  ];
  if (problems.length > 0) throw new OptionsError(problems.map((problem) => `Dev Turnstile: ${problem}.`));
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

export interface DevTurnstileServer extends DevTurnstile {
  /** The address to call in place of Cloudflare's `…/siteverify`. */
  url: string;
  /** Stops listening and drops the connections that are open. */
  close(): Promise<void>;
}

/**
 * Starts the stand-in of Cloudflare's siteverify on 127.0.0.1.
 * @param options `port` is a free one by default
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 * @throws {Error} with code `EADDRINUSE` when the port is in use
 * @example
 * ```ts
 * import { startDevTurnstile } from 'daypass-dev';
 *
 * const turnstile = await startDevTurnstile({ secretKey: 'of-the-widget' });
 * const body = new URLSearchParams({ secret: 'of-the-widget', response: turnstile.issueToken() });
 * const { success } = await (await fetch(turnstile.url, { method: 'POST', body })).json(); // true, once
 * await turnstile.close();
 * ```
 */
export async function startDevTurnstile(
  options: DevTurnstileOptions & { port?: number },
): Promise<DevTurnstileServer> {
  assertOptions('startDevTurnstile', options, ['secretKey', 'now', 'port']);
  const { port = 0, ...others } = options;
  assertPort('startDevTurnstile', port);
  const turnstile = createDevTurnstile(others);
  const { url, close } = await listen((request) => turnstile.fetch(request), { port });
  return { ...turnstile, url: `${url}/turnstile/v0/siteverify`, close };
}

/** What siteverify answers. */
export interface Outcome {
  success: boolean;
  'error-codes': string[];
  /** When the challenge was solved. */
  challenge_ts?: string;
  hostname?: string;
  action?: string;
  cdata?: string;
}

/** @param solvedAt milliseconds since the epoch */
export function succeed(solvedAt: number, action: string): Outcome {
  return {
    success: true,
    'error-codes': [],
    challenge_ts: new Date(solvedAt).toISOString(),
    hostname: 'localhost',
    action,
    cdata: '',
  };
}

export function refuse(error: string): Outcome {
  return { success: false, 'error-codes': [error] };
}

/** The parameters of a call, or the refusal of a call that lacks one. */
export type Input = { secret: string; response: string; key: string | undefined } | Outcome;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** JSON or a form, by the Content-Type. */
export async function readInput(request: Request): Promise<Input> {
  const fields = await readFields(request);
  if (!fields) return refuse('bad-request');
  const { secret, response, idempotency_key: key } = fields;
  if (!secret) return refuse('missing-input-secret');
  if (!response) return refuse('missing-input-response');
  if (typeof secret !== 'string' || typeof response !== 'string') return refuse('bad-request');
  if (key !== undefined && !(typeof key === 'string' && uuid.test(key))) return refuse('bad-request');
  return { secret, response, key };
}

async function readFields(request: Request): Promise<Record<string, unknown> | undefined> {
  const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  const text = await request.text();
  if (isForm) return Object.fromEntries(new URLSearchParams(text));
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

// Cloudflare's documented test keys and the token that their widgets give: public, and good for nothing else.

export const testSecrets = {
  alwaysPasses: '1x0000000000000000000000000000000AA',
  alwaysFails: '2x0000000000000000000000000000000AA',
  alreadySpent: '3x0000000000000000000000000000000AA',
} as const;

export const testSiteKey = '1x00000000000000000000AA';
export const dummyToken = 'XXXX.DUMMY.TOKEN.XXXX';

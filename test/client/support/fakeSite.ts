import { vi } from 'vitest';
import { SessionError } from '../../../client/errors.ts';
import type { SessionOptions, TokenStorage } from '../../../client/options.ts';

export const origin = 'https://site.example';

/** A request as the site saw it. */
export interface Call {
  /** `POST /session/token` */
  line: string;
  headers: Headers;
  body: string;
}

type Answer = (call: Call) => Response | Promise<Response>;

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

/** A 401 of a backend that says the token was at fault. */
export function tokenRefused(): Response {
  return json(401, {}, { 'www-authenticate': 'Bearer realm="daypass", error="invalid_token"' });
}

/** The broker's refusal of a token request. */
export function brokerError(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): () => Response {
  return () => json(status, { error: 'invalid_request', error_description: `It is ${code}.`, code }, headers);
}

/** A site that answers `fetch` in this process: Identity, the broker, and an API. Counts what it gives out. */
export class FakeSite {
  readonly calls: Call[] = [];
  /** How every other address answers. */
  otherwise: Answer = () => json(200, { ok: true });
  readonly #answers = new Map<string, Answer>();
  readonly #once = new Map<string, Answer[]>();
  #given = 0;

  constructor() {
    this.always('POST /.netlify/identity/signup', () => json(200, { id: 'u', confirmed_at: 'now' }));
    this.always('POST /.netlify/identity/token', () =>
      json(200, { access_token: `identity-${++this.#given}` }),
    );
    this.always('POST /session/token', () => json(200, this.tokenResponse()));
    this.always('POST /session/revoke', () => new Response(null));
  }

  /** Puts the site in the place of `fetch`. */
  install(): void {
    vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      const line = `${request.method} ${pathname}`;
      const call = { line, headers: request.headers, body: await request.text() };
      this.calls.push(call);
      const answer = this.#once.get(line)?.shift() ?? this.#answers.get(line) ?? this.otherwise;
      const aborted = new Promise<never>((_, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason));
      });
      return Promise.race([aborted, answer(call)]);
    });
  }

  /** How an address answers from now on. */
  always(line: string, answer: Answer): void {
    this.#answers.set(line, answer);
  }

  /** How an address answers next, ahead of how it always does. */
  once(line: string, ...answers: Answer[]): void {
    this.#once.set(line, [...(this.#once.get(line) ?? []), ...answers]);
  }

  tokenResponse(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      access_token: `access-${++this.#given}`,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 300,
      scope: '',
      session_expires_in: 43_200,
      ...changes,
    };
  }

  /** The requests since the last time this was asked for. */
  lines(): string[] {
    return this.calls.splice(0).map((call) => call.line);
  }
}

export const coldStart = [
  'POST /.netlify/identity/signup',
  'POST /.netlify/identity/token',
  'POST /session/token',
];

/** What `localStorage` does of which the client makes use; also what a test may look into. */
export class FakeStorage implements TokenStorage {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** Options of a session with the fake site; without a page, addresses are absolute. */
export function optionsWith(changes: SessionOptions = {}): SessionOptions {
  return {
    identityUrl: `${origin}/.netlify/identity`,
    brokerUrl: `${origin}/session`,
    storage: new FakeStorage(),
    ...changes,
  };
}

/** The SessionError that a call ends in; fails the test when it ends otherwise. */
export async function failureOf(call: Promise<unknown>): Promise<SessionError> {
  const error = await call.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SessionError) return error;
  throw error;
}

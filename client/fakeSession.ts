import { ConfigurationError } from '../src/protocol/error.ts';
import { assertOptions, type OptionRule } from '../src/protocol/knownKeys.ts';
import { accessTokenType } from '../src/protocol/messages.ts';
import { SessionError, type SessionErrorCode } from './errors.ts';
import { createEvents, type Emit } from './events.ts';
import type { Session } from './session.ts';

/** A call of a fake session, in the order in which they came. */
export type FakeSessionCall =
  | { readonly name: 'fetch'; readonly request: Request }
  | { readonly name: 'token'; readonly renew: boolean }
  | { readonly name: 'attach'; readonly prefixes: readonly string[] }
  | { readonly name: 'on'; readonly event: string }
  | { readonly name: 'revoke' };

export interface FakeSessionOptions {
  /**
   * Answers `session.fetch`, and the page's `fetch` under the prefixes of `attach`; the request carries the token. Default:
   * 200 with `{}`.
   */
  fetch?: ((request: Request) => Response | Promise<Response>) | undefined;
  /** Base of relative URLs. Default: the page, else `https://page.example`. */
  baseUrl?: string | undefined;
  /** Which field carries the token, as in `SessionOptions`: `Authorization` or `X-Daypass`. Default `Authorization`. */
  header?: string | undefined;
}

/** The fields of a failure, without its code. */
export interface FakeFailure {
  /** HTTP status of the answer. */
  status?: number;
  /** What Identity or the broker said. */
  reason?: string;
  /** Seconds from now until a real session would ask again. */
  retryAfterSeconds?: number;
}

/** A `Session` without network access, for tests of a page. */
export interface FakeSession extends Session {
  /** All calls so far. */
  readonly calls: readonly FakeSessionCall[];
  /** The requests of `fetch` so far. */
  readonly requests: readonly Request[];
  /**
   * From now on `fetch`, `token` and `revoke` fail with a SessionError of this code, `fetch` and `token` with the event
   * `error`, too; undefined ends it.
   */
  failWith(code: SessionErrorCode | undefined, failure?: FakeFailure): void;
  /** Emits an event, as the session would: `emit('ended', { reason: 'expired' })`. */
  emit: Emit;
  /** Gives the page back the `fetch` that `attach` replaced. */
  detach(): void;
}

/**
 * Makes a session for tests of a page: no Identity, no broker, no storage. Its tokens are texts such as `fake-token-1`; the
 * first is reported as `obtained`, each that `token({ renew: true })` requests as `renewed`, the end by `revoke` as `ended`.
 * `attach` covers `fetch`, and no XMLHttpRequest.
 * @throws {ConfigurationError} a TypeError: an option is malformed or unknown
 * @example
 * const session = createFakeSession({ fetch: () => Response.json({ message: 'Hello' }) });
 * await greet(session);
 * expect(session.requests[0]?.url).toBe('https://page.example/api/hello');
 * session.failWith('rate_limited', { retryAfterSeconds: 30 });
 */
export function createFakeSession(options: FakeSessionOptions = {}): FakeSession {
  const { answer, base, header } = checkOptions(options);
  const { on, emit } = createEvents();
  const calls: FakeSessionCall[] = [];
  let failure: (() => SessionError) | undefined;
  let count = 0;
  let held = false;
  let found: typeof fetch | undefined;

  function nextToken(event: 'obtained' | 'renewed'): string {
    count += 1;
    held = true;
    emit(event, {
      access_token: `fake-token-${count}`,
      issued_token_type: accessTokenType,
      token_type: 'Bearer',
      expires_in: 300,
      scope: '',
      session_expires_in: 43_200,
    });
    return `fake-token-${count}`;
  }

  function getToken(renew: boolean): string {
    if (failure) {
      const error = failure();
      emit('error', error);
      throw error;
    }
    if (!held) return nextToken('obtained');
    return renew ? nextToken('renewed') : `fake-token-${count}`;
  }

  async function fakeFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request =
      input instanceof Request ? new Request(input, init) : new Request(new URL(input, base), init);
    if (request.mode === 'no-cors') throw new TypeError('Daypass: mode no-cors carries no token');
    // Whether or not there is a token for it.
    calls.push({ name: 'fetch', request });
    const token = getToken(false);
    request.headers.set(header, /^x/i.test(header) ? token : `Bearer ${token}`);
    return answer(request.clone());
  }

  return {
    fetch: fakeFetch,
    async token({ renew = false } = {}) {
      calls.push({ name: 'token', renew });
      return getToken(renew);
    },
    async revoke() {
      calls.push({ name: 'revoke' });
      if (failure) throw failure();
      if (held) emit('ended', { reason: 'revoked' });
      held = false;
    },
    on(event, listener) {
      calls.push({ name: 'on', event });
      return on(event, listener);
    },
    attach(prefixes) {
      const covered = prefixes.map((prefix) => new URL(prefix, base).href.replace(/\/?$/, '/'));
      calls.push({ name: 'attach', prefixes: [...prefixes] });
      found ??= globalThis.fetch;
      const before = globalThis.fetch;
      globalThis.fetch = async (input, init) => {
        const { href } = new URL(input instanceof Request ? input.url : input, base);
        const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
        const isCovered = covered.some((prefix) => href.replace(/[?#].*|$/, '/').startsWith(prefix));
        const hasToken = headers.has('authorization') || headers.has('x-daypass');
        return isCovered && !hasToken ? fakeFetch(input, init) : before(input, init);
      };
    },
    get calls() {
      return [...calls];
    },
    get requests() {
      return calls.flatMap((call) => (call.name === 'fetch' ? [call.request] : []));
    },
    failWith(code, { status, reason = '', retryAfterSeconds } = {}) {
      if (code !== undefined && (typeof code !== 'string' || !/^[a-z_]+$/.test(code))) {
        throw new ConfigurationError(['failWith takes the code of a SessionError, or undefined.']);
      }
      failure = code && (() => new SessionError(reason || code, { code, status, retryAfterSeconds }));
    },
    emit,
    detach() {
      if (found) globalThis.fetch = found;
      found = undefined;
    },
  };
}

const optionRules = {
  fetch: ['a function that answers a request', (value) => typeof value === 'function'],
  baseUrl: ['an absolute URL', isBase],
  header: [
    'Authorization or X-Daypass',
    (value) => typeof value === 'string' && /^(Authorization|X-Daypass)$/i.test(value),
  ],
} as const satisfies Record<keyof FakeSessionOptions, OptionRule>;

function isBase(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse('/', value);
}

function checkOptions(options: FakeSessionOptions) {
  assertOptions('createFakeSession', options, optionRules);
  const { fetch: answer = () => Response.json({}), baseUrl = globalThis.location?.href } = options;
  // Tests make pages of nothing, at about:blank.
  const base = isBase(baseUrl) ? baseUrl : 'https://page.example';
  return { answer, base, header: options.header ?? 'Authorization' };
}

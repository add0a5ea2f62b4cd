import { DaypassError } from '../../protocol/error.ts';
import { IdentityRefusal } from './refusal.ts';

export interface AccessOptions {
  /** The instance's address, such as `https://example.com/.netlify/identity`; never taken from a request. */
  url: () => string;
  /** The operator token of this call; undefined where the platform gave none. */
  operatorToken: () => string | undefined;
  /** Seconds for one request to Identity. */
  timeoutSeconds: number;
  fetch?: typeof fetch;
}

export interface AdminRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the instance's address. */
  path: string;
  body?: object;
}

/** Sends one admin request; resolves with GoTrue's JSON and its header fields. */
export type SendAdmin = (request: AdminRequest) => Promise<{ body: unknown; headers: Headers }>;

const retryAfterSeconds = 2;

/**
 * GoTrue's admin API.
 * @throws {DaypassError} from the result: `identity_context_missing` without an operator token, `identity_unavailable`
 * when no GoTrue answered in time; {@link IdentityRefusal} when it answered no
 */
export function createAccess(options: AccessOptions): SendAdmin {
  const { timeoutSeconds, fetch: send = (input, init) => fetch(input, init) } = options;
  return async ({ method, path, body }) => {
    const token = options.operatorToken();
    if (token === undefined) throw new DaypassError('identity_context_missing');
    const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${token}` };
    if (body) headers['content-type'] = 'application/json';
    const url = options.url().replace(/\/+$/, '') + path;
    let answer: Answer;
    try {
      // A redirect would carry the operator token to wherever it points.
      const response = await send(url, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
      answer = { status: response.status, headers: response.headers, text: await response.text() };
    } catch (cause) {
      throw unavailable(cause);
    }
    return readAnswer(answer);
  };
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

function readAnswer({ status, headers, text }: Answer): { body: unknown; headers: Headers } {
  const body = parse(text);
  if (status === 200 && body !== undefined) return { body, headers };
  const message = (body as { msg?: unknown } | null | undefined)?.msg;
  // Whatever stands in for an Identity that is not there, such as a site's own 404 page, writes no `msg`.
  if (status < 400 || typeof message !== 'string') throw unavailable(`status ${status}`);
  throw new IdentityRefusal(status, message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function unavailable(cause: unknown): DaypassError {
  return new DaypassError('identity_unavailable', { retryAfterSeconds, cause });
}

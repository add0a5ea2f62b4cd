import { DaypassError } from '../../protocol/error.ts';
import { createTransport, type IdentityRequest, messageOf, unavailable } from '../transport.ts';
import { IdentityRefusal } from './refusal.ts';

/** Twice the largest user that was seen, and no more than a function can hold: see `listUsers` for many of them. */
const maxBytes = 32 * 2 ** 20;

export interface AccessOptions {
  /** The instance's address, such as `https://example.com/.netlify/identity`; never taken from a request. */
  url: () => string;
  /** The operator token of this call; undefined where the platform gave none. */
  operatorToken: () => string | undefined;
  /** Seconds for one request to Identity. */
  timeoutSeconds: number;
  fetch?: typeof fetch;
}

export type AdminRequest = Pick<IdentityRequest, 'method' | 'path' | 'body'>;

/** Sends one admin request; resolves with GoTrue's JSON and its header fields. */
export type SendAdmin = (request: AdminRequest) => Promise<{ body: unknown; headers: Headers }>;

/**
 * GoTrue's admin API.
 * @throws {DaypassError} from the result: `identity_context_missing` without an operator token, `identity_unavailable`
 * when no GoTrue answered in time; {@link IdentityRefusal} when it answered no
 */
export function createAccess(options: AccessOptions): SendAdmin {
  const send = createTransport(options);
  return async (request) => {
    const token = options.operatorToken();
    if (token === undefined) throw new DaypassError('identity_context_missing');
    const signal = AbortSignal.timeout(options.timeoutSeconds * 1000);
    const answer = await send({ ...request, token, maxBytes, signal });
    if (answer.isTooLarge) throw tooLarge();
    const { status, headers, body } = answer;
    if (status === 200 && body !== undefined) return { body, headers };
    const message = messageOf(answer);
    // Whatever stands in for an Identity that is not there, such as a site's own 404 page, writes no `msg`.
    if (status < 400 || message === undefined) throw unavailable(`status ${status}`);
    throw new IdentityRefusal(status, message);
  };
}

function tooLarge(): DaypassError {
  return new DaypassError('identity_unavailable', {
    detail: `Identity's answer is larger than ${maxBytes / 2 ** 20} MiB; of a list, ask for fewer users a page.`,
  });
}

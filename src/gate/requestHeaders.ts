import { isForbiddenHeader } from '../policy/forbiddenHeaders.ts';

/**
 * Request fields that every upstream gets: what describes the content, the conditions and the answer wanted, the token,
 * and tracing. Nothing that names an address, a host or another URL, no cookies, nothing hop-by-hop. `Origin` and
 * `Referer` stay here too: the gate has judged where a call comes from, and an upstream that compared them with its own
 * host would refuse every page.
 */
const passedOn = [
  'accept',
  'accept-language',
  'authorization',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'prefer',
  'range',
  'idempotency-key',
  'last-event-id',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-request-id',
  'x-requested-with',
];

/** Codings that fetch decodes on Node and on Deno alike. */
const askedCodings = 'gzip, br';

/**
 * The fields that go on to the upstream. The token goes on, so that the backend verifies it for itself: the gate adds no
 * field that anybody would have to trust.
 * @param extra the policy's own, in lower case
 */
export function requestHeaders(received: Headers, extra: readonly string[]): Headers {
  const dropped = connectionNamed(received);
  const headers = new Headers();
  for (const name of [...passedOn, ...extra]) {
    const value = received.get(name);
    if (value !== null && !dropped.has(name) && !isForbiddenHeader(name)) headers.set(name, value);
  }
  headers.set('accept-encoding', askedCodings);
  return headers;
}

/** RFC 9110 §7.6.1: fields that `Connection` names are for the next hop alone. */
export function connectionNamed(headers: Headers): Set<string> {
  const names = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(names);
}

import { connectionNamed } from './requestHeaders.ts';

/** Fields of the upstream's answer that end here. */
const dropped = new Set([
  // RFC 9110 §7.6.1: hop-by-hop.
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Ours to say: who may read the answer, whether it may be kept, and how much is left.
  'cache-control',
  'vary',
  'ratelimit',
  'ratelimit-policy',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-max-age',
]);

/** Fields that describe the bytes on the wire, which are others once fetch has decoded them. */
const decoded = new Set(['content-encoding', 'content-length']);

/** The upstream's fields as the caller gets them; several `Set-Cookie` stay several. */
export function responseHeaders(received: Headers): Headers {
  const named = connectionNamed(received);
  const wasDecoded = received.has('content-encoding');
  const headers = new Headers();
  for (const [name, value] of received) {
    if (dropped.has(name) || named.has(name) || (wasDecoded && decoded.has(name))) continue;
    headers.append(name, value);
  }
  return headers;
}

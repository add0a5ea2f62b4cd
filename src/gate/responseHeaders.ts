import { connectionNamed, decodedCodings } from './requestHeaders.ts';

/** Fields of the upstream's answer that end here. */
const dropped = new Set([
  // RFC 9110 §7.6.1: hop-by-hop.
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Ours to say: whether the answer may be kept, also by a cache of the platform that would then answer unasked …
  'age',
  'cache-control',
  'cache-tag',
  'cdn-cache-control',
  'expires',
  'pragma',
  'surrogate-control',
  'surrogate-key',
  'vary',
  // … and how much is left of which limit.
  'ratelimit',
  'ratelimit-policy',
  // RFC 7838 §3: would send later calls for the site's own origin to the upstream.
  'alt-svc',
]);

/** Who may read the answer is the policy's to say, and fields of the platform are the platform's. */
const droppedPrefixes = ['access-control-', 'netlify-', 'x-nf-'];

/** Fields that describe the bytes on the wire, which are others once fetch has decoded them. */
const ofTheWire = new Set(['content-encoding', 'content-length']);

/**
 * The upstream's fields as the caller gets them; several `Set-Cookie` stay several. `Retry-After`, `WWW-Authenticate`
 * and `Location` go through as they are.
 */
export function responseHeaders(received: Headers): Headers {
  const named = connectionNamed(received);
  const wasDecoded = decodedCodings.includes(received.get('content-encoding')?.trim().toLowerCase() ?? '');
  const headers = new Headers();
  for (const [name, value] of received) {
    if (dropped.has(name) || droppedPrefixes.some((prefix) => name.startsWith(prefix))) continue;
    if (named.has(name) || (wasDecoded && ofTheWire.has(name))) continue;
    headers.append(name, value);
  }
  return headers;
}

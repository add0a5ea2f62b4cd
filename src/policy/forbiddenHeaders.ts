// Fields that an upstream may believe about a caller, and that a caller could therefore forge.

const names = new Set([
  // The gate's own to say: it asks for the codings that it can undo.
  'accept-encoding',
  'cookie',
  'forwarded',
  'host',
  'via',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
  'x-host',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  // RFC 9110 §7.6.1: hop-by-hop.
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
]);

const prefixes = ['x-forwarded-', 'x-nf-', 'x-netlify-', 'sec-websocket-'];

/**
 * Whether a request header field must never go on to an upstream: cookies, what names an address, a host or
 * a rewritten URL, and what is hop-by-hop (RFC 9110 §7.6.1).
 */
export function isForbiddenHeader(name: string): boolean {
  const lower = name.toLowerCase();
  // Many servers read X_Real_IP and X-Real-IP as one name (CGI, RFC 3875 §4.1.18).
  const folded = lower.replaceAll('_', '-');
  return names.has(folded) || prefixes.some((prefix) => folded.startsWith(prefix));
}

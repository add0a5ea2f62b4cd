import { forbiddenKind } from '../policy/forbiddenHeaders.ts';
import { requestIdHeader, tokenHeader } from '../protocol/wire.ts';

/** Codings that fetch decodes on Node and on Deno alike. */
const askedCodings = 'gzip, br';

/** A backend can do nothing without these, so no list of the policy's own takes them away. */
const alwaysForwarded = ['authorization', 'content-type', 'content-encoding'];

export interface RequestHeaderOptions {
  /** The request's, parsed. */
  url: URL;
  /** `upstream.requestHeaders` of the policy: the only fields that go on, in lower case, plus `alwaysForwarded`. */
  requestHeaders?: readonly string[] | undefined;
  /** The caller's address as the platform says, where the upstream is to know it. */
  clientAddress?: string | undefined;
  /** What finds the request in the log of the site. */
  requestId?: string | undefined;
  /** Called with each field, in lower case, that a caller sent and that is not passed on, except hop-by-hop fields. */
  onDropped?: ((name: string, reason: string) => void) | undefined;
}

/**
 * The fields that go on to the upstream: all that the caller sent but what is forbidden (`forbiddenFields`), what
 * `Connection` names, and what the policy leaves out. The token goes on, so that the backend verifies it for itself: the
 * only fields that the gate adds say where the site is, and come from the request's own URL.
 */
export function forwardedHeaders(request: Request, options: RequestHeaderOptions): Headers {
  const { url, clientAddress, requestId, onDropped } = options;
  const named = connectionNamed(request.headers);
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    if (named.has(name) || name === tokenHeader) continue;
    const reason = dropReason(name, options.requestHeaders);
    if (reason === undefined) headers.append(name, value);
    else if (reason !== 'connection') onDropped?.(name, reason);
  }
  // Backends look for it there, and a password of the site is not theirs to know.
  const token = request.headers.get(tokenHeader);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  headers.set('accept-encoding', codingsToAsk(request, headers.has('range')));
  headers.set('x-forwarded-host', url.host);
  headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
  // A site is the root of its origin, whatever path its upstream has.
  headers.set('x-forwarded-prefix', '/');
  if (requestId !== undefined) headers.set(requestIdHeader, requestId);
  if (clientAddress !== undefined) headers.set('x-forwarded-for', clientAddress);
  return headers;
}

/**
 * Why a request field does not go on to the upstream; undefined if it does.
 * @param name in lower case
 * @param requestHeaders `upstream.requestHeaders` of the policy
 */
export function dropReason(name: string, requestHeaders: readonly string[] | undefined): string | undefined {
  const kind = forbiddenKind(name);
  if (kind !== undefined) return kind;
  const isListed = requestHeaders?.includes(name) ?? true;
  return isListed || alwaysForwarded.includes(name) ? undefined : 'not in upstream.requestHeaders';
}

/**
 * - With `Range`, none: the bytes that are counted must be those that the caller has, and one that resumes has them decoded
 *   (Fetch standard, HTTP-network-or-cache fetch). Only then: Deno's fetch decodes nothing unless a coding was requested.
 * - For HEAD what the caller accepts: there is nothing to decode, and the length is that of the coding requested.
 */
function codingsToAsk({ method, headers }: Request, asksRange: boolean): string {
  if (asksRange) return 'identity';
  if (method === 'HEAD') return headers.get('accept-encoding') ?? 'identity';
  return askedCodings;
}

/** RFC 9110 §7.6.1: fields that `Connection` names are only for the next hop. */
export function connectionNamed(headers: Headers): Set<string> {
  const names = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(names);
}

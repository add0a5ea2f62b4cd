import type { MiddlewareHandler } from 'hono';
import type { Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { type DeployContext, exposedHeaders } from '../protocol/wire.ts';

/** Whose pages may call. */
export interface OriginRule {
  /** The policy's; the request's own origin is always allowed. */
  origins: readonly string[];
  /** In `dev` a refusal says how to fix it. */
  deployContext?: DeployContext;
}

/**
 * Refuses calls that a page of a foreign origin made. Programs without a browser send neither field and pass:
 * this protects visitors from other sites, not the API from programs.
 * @throws {DaypassError} `foreign_origin`; `null` (a sandboxed frame, a file) is foreign too, unless it is allowed
 */
export function checkOrigin(request: Request, rule: OriginRule): void {
  const origin = request.headers.get('origin');
  if (origin !== null) {
    if (!isAllowedOrigin(origin, request, rule.origins)) throw foreignOrigin(origin, request, rule);
  } else if (request.headers.get('sec-fetch-site') === 'cross-site' && !isTopLevelNavigation(request)) {
    throw new DaypassError('foreign_origin');
  }
}

function foreignOrigin(origin: string, request: Request, { deployContext }: OriginRule): DaypassError {
  // An origin that is not a web site's may hold characters that no error_description has (RFC 6749 §5.2).
  const isWebSite = URL.canParse(origin) && new URL(origin).origin === origin;
  if (deployContext !== 'dev' || !isWebSite) return new DaypassError('foreign_origin');
  const listed = `The page's origin, ${origin}, is not this site's, and the policy does not list it under origins.`;
  // A tunnel ends TLS: what arrives here is plain http, whatever the visitor sees.
  const isTunnel = origin.startsWith('https:') && request.url.startsWith('http:');
  const remedy = ` If a tunnel leads from there to this dev server, start it with PUBLIC_URL=${origin}.`;
  return new DaypassError('foreign_origin', { detail: isTunnel ? listed + remedy : listed });
}

/**
 * Whether the visitor followed a link or a redirect to this URL in a window of its own, for example from an e-mail or a log-in
 * provider. Only the visitor sees the answer, and GET changes nothing (RFC 9110 §9.2.1). A frame or a
 * form that posts is not one (Fetch metadata: `Sec-Fetch-Dest`, `Sec-Fetch-Mode`).
 */
function isTopLevelNavigation({ method, headers }: Request): boolean {
  return (
    method === 'GET' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document'
  );
}

export function isAllowedOrigin(origin: string, request: Request, allowed: readonly string[]): boolean {
  return origin === new URL(request.url).origin || allowed.includes(origin);
}

const maxAgeSeconds = 600;

/** What a page of another origin may do with an API; the routes say which of these the API has. */
const apiMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Whether a page may send a field, in lower case. */
type MaySend = (name: string) => boolean;

/**
 * CORS of the broker (Fetch standard, HTTP extensions) for the policy's origins. A page of the site itself needs none.
 * @param methods that the broker's addresses know
 */
export function allowOrigins(origins: readonly string[], methods: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const request = c.req.raw;
    const origin = allowedOriginOf(request, origins);
    if (isPreflight(request)) return answerPreflight(request, origin, methods);
    await next();
    allow(c.res.headers, origin, exposedHeaders);
  };
}

/**
 * CORS in front of an API: of an upstream, or of a function. The policy says whose pages may read; what stands behind may
 * say which of its fields they see.
 * @param log called once when a page relies on credentials, which other origins are not offered: an answer that a page
 * requested with `credentials: 'include'` is kept from it by the browser, without a reason for page or server
 * @param maySend a page that sends a field which would not go on is refused by its browser, which names it
 */
export function allowApiOrigins(
  { origins, exposeHeaders }: Pick<Policy, 'origins' | 'exposeHeaders'>,
  log: Log,
  maySend: MaySend = () => true,
): MiddlewareHandler {
  let isTold = false;
  const warn = (sign: 'cookie' | 'upstream') => {
    if (isTold) return;
    isTold = true;
    log('credentials_not_offered', { sign, remedy: credentialsRemedy });
  };
  return async (c, next) => {
    const request = c.req.raw;
    const origin = allowedOriginOf(request, origins);
    if (isPreflight(request)) {
      const requested = request.headers.get('access-control-request-method') ?? '';
      const methods = apiMethods.includes(requested) ? apiMethods : [...apiMethods, requested];
      return answerPreflight(request, origin, methods, maySend);
    }
    await next();
    const { headers } = c.res;
    const isElsewhere = origin !== undefined && origin !== new URL(request.url).origin;
    if (isElsewhere && request.headers.has('cookie')) warn('cookie');
    if (isElsewhere && headers.get('access-control-allow-credentials') === 'true') warn('upstream');
    const named = (headers.get('access-control-expose-headers') ?? '').split(',').map((name) => name.trim());
    for (const name of [...headers.keys()]) if (name.startsWith('access-control-')) headers.delete(name);
    allow(headers, origin, [...exposedHeaders, ...exposeHeaders, ...named]);
  };
}

const credentialsRemedy =
  "Answers to other origins never carry Access-Control-Allow-Credentials. Let their pages call with credentials: 'omit' (axios, XMLHttpRequest: without withCredentials); the pass travels in Authorization. For cookies, serve the page and the API from one origin.";

/**
 * Only both fields together make a preflight (Fetch standard, CORS-preflight fetch); any other OPTIONS is a call
 * (RFC 9110 §9.3.7).
 */
function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method');
}

function allowedOriginOf(request: Request, origins: readonly string[]): string | undefined {
  const origin = request.headers.get('origin');
  return origin !== null && isAllowedOrigin(origin, request, origins) ? origin : undefined;
}

/** An origin that may not call gets an answer that allows nothing. */
function answerPreflight(
  { headers: received }: Request,
  origin: string | undefined,
  methods: readonly string[],
  maySend: MaySend = () => true,
): Response {
  const headers = new Headers({ vary: 'Origin, Access-Control-Request-Headers' });
  if (origin !== undefined) {
    headers.set('access-control-allow-origin', origin);
    headers.set('access-control-allow-methods', methods.join(', '));
    headers.set('access-control-max-age', String(maxAgeSeconds));
    const requested = (received.get('access-control-request-headers') ?? '').split(',');
    const allowed = requested
      .map((name) => name.trim())
      .filter((name) => name && maySend(name.toLowerCase()));
    if (allowed.length > 0) headers.set('access-control-allow-headers', allowed.join(', '));
  }
  return new Response(null, { status: 204, headers });
}

function allow(headers: Headers, origin: string | undefined, names: readonly string[]): void {
  headers.append('vary', 'Origin');
  if (origin === undefined) return;
  headers.set('access-control-allow-origin', origin);
  headers.set('access-control-expose-headers', withoutRepeats(names).join(', '));
}

/** Names of fields are the same in any case. */
function withoutRepeats(names: readonly string[]): string[] {
  const seen = new Set(['']);
  return names.filter((name) => {
    const lower = name.toLowerCase();
    return !seen.has(lower) && seen.add(lower);
  });
}

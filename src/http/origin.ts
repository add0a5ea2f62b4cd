import type { DeployContext } from '../protocol/deployContext.ts';
import { DaypassError } from '../protocol/error.ts';

/** Whose pages may call. */
export interface OriginRule {
  /** The policy's; the request's own origin is always allowed. */
  origins: readonly string[];
  /** In `dev` a refusal says what mends it. */
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
  // What is no web site may hold characters that no error_description has (RFC 6749 §5.2).
  const isWebSite = URL.canParse(origin) && new URL(origin).origin === origin;
  if (deployContext !== 'dev' || !isWebSite) return new DaypassError('foreign_origin');
  const listed = `The page's origin, ${origin}, is not this site's, and the policy does not list it under origins.`;
  // A tunnel ends TLS: what arrives here is plain http, whatever the visitor sees.
  const isTunnel = origin.startsWith('https:') && request.url.startsWith('http:');
  const remedy = ` If a tunnel leads from there to this dev server, start it with PUBLIC_URL=${origin}.`;
  return new DaypassError('foreign_origin', { detail: isTunnel ? listed + remedy : listed });
}

/**
 * Whether somebody followed a link to this address, or was sent on to it, in a window of their own: from a mail, from a
 * provider of log-ins. Nobody but the visitor sees the answer, and GET changes nothing (RFC 9110 §9.2.1). A frame or a
 * form that posts is none (Fetch metadata: `Sec-Fetch-Dest`, `Sec-Fetch-Mode`).
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

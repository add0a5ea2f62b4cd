import type { DevIdentityOptions } from '../identity/options.ts';
import { isProxied, type ListenOptions, listen } from '../listen.ts';
import { isAllowedHost, readHostname, refuseHost } from './allowedHosts.ts';
import { type DevParts, type PartsOptions, type SiteUrls, startParts } from './parts.ts';
import type { DevSettings, SitePolicy } from './settings.ts';

/** What answers at the site's address. */
export interface Site {
  fetch(request: Request, clientAddress: string | undefined): Response | Promise<Response>;
  /** Where the stand-in's events go. */
  events?: DevIdentityOptions['events'];
  takeUpgrade?: ListenOptions['takeUpgrade'];
  close?(): Promise<void>;
}

/** A running site with all its parts. */
export interface RunningSite extends SiteUrls {
  parts: DevParts;
  close(): Promise<void>;
}

/**
 * Listens, starts the parts, and has the site built on them. The port decides the issuer, so it is taken first.
 * @throws {Error} the port is in use, or a part cannot be started
 */
export async function startSite(
  settings: DevSettings,
  policy: SitePolicy,
  options: PartsOptions,
  build: (parts: DevParts, urls: SiteUrls) => Promise<Site>,
): Promise<RunningSite> {
  let site: Site | undefined;
  const listening = await listen(
    (request, clientAddress) => {
      const url = new URL(request.url);
      if (!isAllowedHost(url.hostname, settings)) return refuseHost(url);
      return (
        site?.fetch(asVisitorsSee(request, settings.publicUrl), clientAddress) ??
        new Response('Daypass is starting.\n', { status: 503 })
      );
    },
    {
      ...settings,
      // What is not taken is answered as any request: refused.
      takeUpgrade: (request, socket, head) =>
        isAllowedHost(readHostname(request.headers.host), settings) &&
        (site?.takeUpgrade?.(request, socket, head) ?? false),
    },
  );
  // The URL standard leaves the port 80 out, as browsers do in `Origin`.
  const url = new URL(`http://localhost:${new URL(listening.url).port || 80}`).origin;
  const urls = { url, publicUrl: settings.publicUrl ?? url };
  let parts: DevParts | undefined;
  const close = async () => {
    await listening.close();
    await site?.close?.();
    await parts?.close();
  };
  try {
    parts = await startParts(settings, policy, urls, options);
    const built = await build(parts, urls);
    parts.startIdentity(built.events);
    site = built;
    return { ...urls, parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The request at the address that its page has. A tunnel ends TLS, and may write its own end into `Host`: what comes through
 * it would be at another origin than its page. Requests of this machine's own browser stay where they are.
 * @param publicUrl undefined where the site has one address
 */
function asVisitorsSee(request: Request, publicUrl: string | undefined): Request {
  if (publicUrl === undefined) return request;
  const url = new URL(request.url);
  const { host } = new URL(publicUrl);
  const isTunnelled =
    url.host === host || request.headers.get('origin') === publicUrl || isProxied(request.headers);
  return isTunnelled ? new Request(publicUrl + url.pathname + url.search, request) : request;
}

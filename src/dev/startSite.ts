import type { Policy } from '../policy/types.ts';
import { listen } from './listen.ts';
import { type DevParts, type DevPartsOptions, startParts } from './parts.ts';
import type { DevSettings } from './settings.ts';

/** A running site with all its parts. */
export interface DevServer {
  /** The site's address: an origin, and the issuer of its tokens. */
  url: string;
  parts: DevParts;
  close(): Promise<void>;
}

/** What answers at the site's address. */
export interface Site {
  fetch(request: Request, clientAddress: string | undefined): Response | Promise<Response>;
  close?(): Promise<void>;
}

/**
 * Listens, starts the parts, and has the site built on them. The port decides the issuer, so it is taken first.
 * @throws {ConfigurationError} a TypeError: a setting is at fault
 * @throws {Error} the port is in use
 */
export async function startSite(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions,
  build: (parts: DevParts, url: string) => Promise<Site>,
): Promise<DevServer> {
  let site: Site | undefined;
  const listening = await listen(
    (request, clientAddress) =>
      site?.fetch(request, clientAddress) ?? new Response('Daypass is starting.\n', { status: 503 }),
    settings,
  );
  // The URL standard leaves the port 80 out, as browsers do in `Origin`.
  const url = new URL(`http://localhost:${new URL(listening.url).port || 80}`).origin;
  let parts: DevParts | undefined;
  const close = async () => {
    await listening.close();
    await site?.close?.();
    await parts?.close();
  };
  try {
    parts = await startParts(settings, policy, url, options);
    site = await build(parts, url);
    return { url, parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

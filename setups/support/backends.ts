import { Hono } from 'hono';
import { type Handler, listen } from '../../dev/listen.ts';
import type { StartUpstream, Upstream } from '../../dev/server/parts.ts';
import { prepareEnvironment } from '../../examples/django/launcher/prepareEnvironment.ts';
import { runDjango } from '../../examples/django/launcher/run.ts';
import { type AccessTokenOptions, requireAccessToken } from '../../src/package/hono.ts';

/** What the site and its backend share. */
export interface Shared {
  secret: string;
  issuer: string;
}

/** Starts a backend that knows what the site does. */
export type StartBackend = (shared: Shared) => Promise<Upstream>;

/**
 * As `startDevServer` takes it.
 * @param issuer the policy's, where it names one
 */
export function asUpstream(start: StartBackend, issuer: string | undefined): StartUpstream {
  return ({ publicUrl, settings }) =>
    start({ secret: settings.secrets.DAYPASS_SECRET ?? '', issuer: issuer ?? publicUrl });
}

/** A Node backend behind a firewall: it answers `GET /api/hello` to whoever has a valid token. */
export function node(change: (shared: Shared) => Partial<AccessTokenOptions> = () => ({})): StartBackend {
  return (shared) =>
    listen(behindFirewall(nodeHandler({ ...shared, ...change(shared) } as AccessTokenOptions)));
}

/** The same without a firewall. */
export function openNode(change: (shared: Shared) => Partial<AccessTokenOptions> = () => ({})): StartBackend {
  return (shared) => listen(nodeHandler({ ...shared, ...change(shared) } as AccessTokenOptions));
}

function nodeHandler(options: AccessTokenOptions): Handler {
  const api = new Hono();
  api.use('/api/*', requireAccessToken({ debug: false, warn: () => undefined, ...options }));
  api.get('/api/hello', (c) => c.json({ message: 'Hello, visitor.' }));
  return (request) => api.fetch(request);
}

/** A backend of any kind. */
export function custom(handler: (shared: Shared) => Handler, firewall: 'closed' | 'open'): StartBackend {
  return (shared) => listen(firewall === 'closed' ? behindFirewall(handler(shared)) : handler(shared));
}

/**
 * Stands for a firewall that lets only the gate through. What comes from the gate has the site's name in `X-Forwarded-Host`; the
 * broker looks whether anybody is there by HEAD.
 */
function behindFirewall(handler: Handler): Handler {
  return (request, address) =>
    request.method === 'HEAD' || request.headers.has('x-forwarded-host')
      ? handler(request, address)
      : Response.error();
}

/** The Django example in production, behind the same firewall. */
export function django(change: (shared: Shared) => Record<string, string> = () => ({})): StartBackend {
  return async (shared) => {
    const python = await prepareEnvironment(() => undefined);
    const project = await runDjango(python, {
      DJANGO_ALLOWED_HOSTS: '*',
      DJANGO_SECRET_KEY: 'only-for-these-few-seconds',
      DJANGO_SUPERUSER_PASSWORD: 'only-for-these-few-seconds',
      DAYPASS_SECRET: shared.secret,
      DAYPASS_ISSUER: shared.issuer,
      ...change(shared),
    });
    const firewall = await listen(
      behindFirewall(async (request) => {
        const { pathname, search } = new URL(request.url);
        const response = await fetch(project.url + pathname + search, {
          method: request.method,
          headers: request.headers,
          redirect: 'manual',
        });
        return new Response(response.body, response);
      }),
    );
    return {
      url: firewall.url,
      close: async () => {
        await firewall.close();
        await project.stop();
      },
    };
  };
}

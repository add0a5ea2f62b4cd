import { randomBytes } from 'node:crypto';
import { proxy } from 'hono/proxy';
import type { DevIdentityOptions } from '../identity/options.ts';
import { createDevIdentity, type DevIdentity } from '../identity/start.ts';
import { type DevRedis, startDevRedis } from '../redis/start.ts';
import type { DevSettings, SitePolicy } from './settings.ts';

/** Where Netlify serves Identity. */
export const identityPath = '/.netlify/identity';

/** Where a site answers. */
export interface SiteUrls {
  /** Its address on this machine, an origin. */
  url: string;
  /** Its address for visitors, and the issuer of its tokens: `publicUrl` of the settings, else the same. */
  publicUrl: string;
}

/** A backend that is started with the site. */
export interface Upstream {
  url: string;
  /** What people call it. Default: its URL. */
  name?: string;
  /** More lines for people. */
  notes?: readonly string[];
  close(): Promise<void>;
}

/** Starts the backend behind the gate, given what it needs to verify tokens. */
export type StartUpstream = (site: SiteUrls & { settings: DevSettings }) => Promise<Upstream>;

export interface PartsOptions {
  identity?: DevIdentityOptions;
  /** Which Redis is behind the bridge; see `startDevRedis`. */
  redisBackend?: 'auto' | 'redis-server' | 'memory';
  /** The backend behind every route whose variable is not set. Default: none. */
  startUpstream?: StartUpstream | undefined;
}

/** Everything around a site's functions, ours or from outside. */
export interface DevParts {
  /** The variables that a deployed site would have. */
  environment: Record<string, string>;
  /** The same where settings and policy have become others. */
  environmentFor(settings: DevSettings, policy: SitePolicy): Record<string, string>;
  operatorToken: string;
  /** Answers `/.netlify/identity/*` on the site. */
  serveIdentity(request: Request): Promise<Response>;
  /** Starts the stand-in, unless the settings name another Identity: its events go to functions that run by then. */
  startIdentity(events: DevIdentityOptions['events']): void;
  /** Our own stand-ins, for tests; undefined where the settings name another. */
  readonly identity: DevIdentity | undefined;
  redis: DevRedis | undefined;
  /** One line for each part, for people. */
  description: string[];
  close(): Promise<void>;
}

/** Starts the parts that the settings do not name. */
export async function startParts(
  settings: DevSettings,
  policy: SitePolicy,
  urls: SiteUrls,
  { startUpstream, redisBackend = 'auto', ...options }: PartsOptions,
): Promise<DevParts> {
  const operatorToken =
    settings.identity?.operatorToken ??
    options.identity?.operatorToken ??
    randomBytes(32).toString('base64url');
  const redis = settings.redis
    ? undefined
    : await startDevRedis({ redisUrl: settings.redisUrl, backend: redisBackend });
  const upstream = await startUpstream?.({ ...urls, settings }).catch(async (error) => {
    await redis?.close();
    throw error;
  });
  const restApi = (settings.redis ?? redis) as { url: string; token: string };
  let identity: DevIdentity | undefined;
  const environmentFor: DevParts['environmentFor'] = (...changed) =>
    environmentOf(...changed, urls, upstream?.url, restApi);
  return {
    environment: environmentFor(settings, policy),
    environmentFor,
    operatorToken,
    startIdentity(events) {
      if (settings.identity) return;
      const log = (line: string) => console.warn(`Identity: ${line}`);
      identity = createDevIdentity({ log, events, ...options.identity, operatorToken });
    },
    get identity() {
      return identity;
    },
    async serveIdentity(request) {
      const { pathname, search } = new URL(request.url);
      const path = pathname.slice(identityPath.length) + search;
      if (identity) return identity.fetch(new Request(urls.url + path, request));
      return proxy(`${settings.identity?.url}${path}`, request).catch(() =>
        Response.json({ code: 502, msg: 'Identity at IDENTITY_URL does not answer.' }, { status: 502 }),
      );
    },
    redis,
    description: [
      ...(urls.publicUrl === urls.url ? [] : [`Visitors: ${urls.publicUrl}`]),
      `Identity: ${settings.identity?.url ?? 'ours, in memory; its users are gone when this stops'}`,
      `Redis: ${redis?.backend ?? restApi.url}`,
      ...policy.routes.map((route) => `${route.path}: ${nameOf(settings, route.upstream, upstream)}`),
      ...(upstream?.notes ?? []),
    ],
    close: async () => {
      await upstream?.close();
      await redis?.close();
    },
  };
}

function nameOf(settings: DevSettings, variable: string, upstream: Upstream | undefined): string {
  return settings.upstreams[variable] ?? upstream?.name ?? upstream?.url ?? `nothing: ${variable} is not set`;
}

function environmentOf(
  settings: DevSettings,
  policy: SitePolicy,
  { url, publicUrl }: SiteUrls,
  upstreamUrl: string | undefined,
  redis: { url: string; token: string },
): Record<string, string> {
  const names = upstreamUrl === undefined ? [] : policy.routes.map((route) => route.upstream);
  return {
    ...settings.secrets,
    ...Object.fromEntries(names.map((name) => [name, upstreamUrl ?? ''])),
    ...settings.upstreams,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    URL: publicUrl,
    // Not by way of the tunnel, which may ask for a log-in, or be gone.
    ...(publicUrl !== url && { IDENTITY_URL: url + identityPath }),
    ...(settings.identity && { IDENTITY_URL: settings.identity.url }),
    ...(settings.identity?.jwtSecret && { IDENTITY_JWT_SECRET: settings.identity.jwtSecret }),
    ...(settings.identity?.webhookSecret && { IDENTITY_WEBHOOK_SECRET: settings.identity.webhookSecret }),
  };
}

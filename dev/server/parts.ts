import { proxy } from 'hono/proxy';
import { createSampleApi } from '../../demo/sampleApi.ts';
import type { Policy } from '../../src/policy/types.ts';
import { identityPath } from '../../src/protocol/paths.ts';
import { readEnvironment } from '../../src/runtime/environment.ts';
import type { SiteOptions } from '../../src/token/createVerifier.ts';
import type { DevIdentityOptions } from '../identity/options.ts';
import { createDevIdentity, type DevIdentity } from '../identity/start.ts';
import { listen } from '../listen.ts';
import { type DevRedis, startDevRedis } from '../redis/start.ts';
import type { DevSettings } from './settings.ts';

/** Everything around broker and gate, ours or from outside. */
export interface DevParts {
  /** The variables that a deployed site would have. */
  environment: Record<string, string>;
  operatorToken: string;
  /** The bearer of the broker's addresses for the site's owner. */
  maintenanceBearer: string;
  /** Answers `/.netlify/identity/*` on the site. */
  serveIdentity(request: Request): Promise<Response>;
  /** Our own stand-ins, for tests; undefined where the settings name another. */
  identity: DevIdentity | undefined;
  redis: DevRedis | undefined;
  /** One line for each part, for people. */
  description: string[];
  close(): Promise<void>;
}

/** The API behind the gate, where the settings name no other. */
export interface DevApi {
  url: string;
  /** What people call it. */
  name: string;
  /** More lines for people. */
  notes: string[];
  close(): Promise<void>;
}

/** Where the site answers; see `DevServer`. */
export interface SiteUrls {
  url: string;
  publicUrl: string;
}

export interface DevPartsOptions {
  identity?: DevIdentityOptions;
  /** Which Redis is behind the bridge; see `startDevRedis`. */
  redisBackend?: 'auto' | 'redis-server' | 'memory';
  /** Starts the API behind the gate, given how to verify tokens. Default: the sample API. */
  startApi?: (verifier: SiteOptions) => Promise<DevApi>;
}

/**
 * Starts the parts that the settings do not name.
 * @param urls where the site will answer; the public one is the issuer of every token
 * @throws {ConfigurationError} a TypeError: a setting is at fault; nothing was started then
 */
export async function startParts(
  settings: DevSettings,
  policy: Policy,
  urls: SiteUrls,
  options: DevPartsOptions = {},
): Promise<DevParts> {
  const local = 'http://127.0.0.1';
  const check = environmentOf(settings, policy, urls, local, settings.redis ?? { url: local, token: 'none' });
  const { privateKeys } = await readEnvironment(policy, (name) => check[name]);

  const identity = settings.identity
    ? undefined
    : createDevIdentity({ log: (line) => console.warn(`Identity: ${line}`), ...options.identity });
  const redis = settings.redis
    ? undefined
    : await startDevRedis({ redisUrl: settings.redisUrl, backend: options.redisBackend ?? 'auto' });
  const { startApi = startSampleApi } = options;
  const api = await startApi(verifierOf(settings, policy, urls.publicUrl)).catch(async (error) => {
    await redis?.close();
    throw error;
  });
  const restApi = (settings.redis ?? redis) as { url: string; token: string };
  return {
    environment: environmentOf(settings, policy, urls, api.url, restApi),
    operatorToken: settings.identity?.operatorToken ?? identity?.operatorToken ?? '',
    maintenanceBearer: await privateKeys.maintenanceBearer(),
    serveIdentity: (request) => {
      const { pathname, search } = new URL(request.url);
      const path = pathname.slice(identityPath.length) + search;
      if (identity) return identity.fetch(new Request(urls.url + path, request));
      return proxy(`${settings.identity?.url}${path}`, request).catch(() =>
        Response.json({ code: 502, msg: 'Identity at IDENTITY_URL does not answer.' }, { status: 502 }),
      );
    },
    identity,
    redis,
    description: [
      ...(urls.publicUrl === urls.url ? [] : [`Visitors: ${urls.publicUrl}`]),
      `Identity: ${settings.identity?.url ?? 'ours, in memory; its users are gone when this stops'}`,
      `Redis: ${redis?.backend ?? restApi.url}`,
      ...policy.routes.map((route) => `${route.path}: ${settings.upstreams[route.upstream] ?? api.name}`),
      ...api.notes,
    ],
    close: async () => {
      await api.close();
      await redis?.close();
    },
  };
}

function verifierOf(settings: DevSettings, policy: Policy, siteUrl: string): SiteOptions {
  const { secret, secondarySecret } = Object.values(policy.audiences)[0] ?? {};
  return {
    secret: settings.secrets[secret ?? ''],
    secondarySecret: settings.secrets[secondarySecret ?? ''],
    issuer: policy.issuer ?? siteUrl,
    audience: policy.defaultAudience,
    deployContexts: ['dev'],
  };
}

async function startSampleApi(verifier: SiteOptions): Promise<DevApi> {
  const api = createSampleApi(verifier);
  const listening = await listen((request) => api.fetch(request));
  return { ...listening, name: 'the sample API', notes: [] };
}

function environmentOf(
  settings: DevSettings,
  policy: Policy,
  { url, publicUrl }: SiteUrls,
  apiUrl: string,
  redis: { url: string; token: string },
): Record<string, string> {
  const api = Object.fromEntries(policy.routes.map((route) => [route.upstream, apiUrl]));
  return {
    ...settings.secrets,
    ...api,
    ...settings.upstreams,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    URL: publicUrl,
    // Not by way of the tunnel, which may ask for a log-in, or be gone.
    ...(publicUrl !== url && { IDENTITY_URL: url + identityPath }),
    ...(settings.identity && { IDENTITY_URL: settings.identity.url }),
    ...(settings.identity?.jwtSecret && { IDENTITY_JWT_SECRET: settings.identity.jwtSecret }),
  };
}

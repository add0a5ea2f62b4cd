import { proxy } from 'hono/proxy';
import policy from '../../daypass.config.ts';
import { identityPath } from '../protocol/paths.ts';
import { createDevIdentity, type DevIdentity } from './identity/create.ts';
import type { DevIdentityOptions } from './identity/options.ts';
import { listen } from './listen.ts';
import { type RedisBridge, startRedisBridge } from './redis/start.ts';
import { createSampleApi } from './sampleApi.ts';
import type { DevSettings } from './settings.ts';

/** Everything around broker and gate, ours or from outside. */
export interface DevParts {
  /** The variables that a deployed site would have. */
  environment: Record<string, string>;
  operatorToken: string;
  /** Answers `/.netlify/identity/*` on the site. */
  serveIdentity(request: Request): Promise<Response>;
  /** Our own stand-ins, for tests; undefined where the environment names another. */
  identity: DevIdentity | undefined;
  redis: RedisBridge | undefined;
  /** One line for each part, for people. */
  description: string[];
  close(): Promise<void>;
}

export interface DevPartsOptions {
  identity?: DevIdentityOptions;
  /** Which Redis is behind the bridge; see `startRedisBridge`. */
  redisBackend?: 'auto' | 'redis-server' | 'memory';
}

/**
 * Starts the parts that the settings do not name.
 * @param siteUrl where the site will answer: the issuer of every token
 */
export async function startParts(
  settings: DevSettings,
  siteUrl: string,
  options: DevPartsOptions = {},
): Promise<DevParts> {
  const { secret, secondarySecret, privateSecret } = settings;
  const identity = settings.identity ? undefined : createDevIdentity(options.identity);
  const redis = settings.redis
    ? undefined
    : await startRedisBridge({ redisUrl: settings.redisUrl, backend: options.redisBackend ?? 'auto' });
  const sampleApi = createSampleApi({ secret, secondarySecret, issuer: siteUrl, deployContexts: ['dev'] });
  const upstream = settings.upstreamUrl ? undefined : await listen((request) => sampleApi.fetch(request));
  const { url: redisUrl, token: redisToken } = (settings.redis ?? redis) as { url: string; token: string };
  return {
    environment: {
      DAYPASS_SECRET: secret,
      ...(secondarySecret === undefined ? {} : { DAYPASS_SECRET_SECONDARY: secondarySecret }),
      DAYPASS_PRIVATE_SECRET: privateSecret,
      DAYPASS_UPSTREAM: settings.upstreamUrl ?? upstream?.url ?? '',
      UPSTASH_REDIS_REST_URL: redisUrl,
      UPSTASH_REDIS_REST_TOKEN: redisToken,
      URL: siteUrl,
      ...(settings.identity && { IDENTITY_URL: settings.identity.url }),
      ...(settings.identity?.jwtSecret && { IDENTITY_JWT_SECRET: settings.identity.jwtSecret }),
    },
    operatorToken: settings.identity?.operatorToken ?? identity?.operatorToken ?? '',
    serveIdentity: (request) => {
      const { pathname, search } = new URL(request.url);
      const path = pathname.slice(identityPath.length) + search;
      if (identity) return identity.fetch(new Request(new URL(path, siteUrl), request));
      return proxy(`${settings.identity?.url}${path}`, request);
    },
    identity,
    redis,
    description: [
      `Identity: ${settings.identity?.url ?? 'ours, in memory; its users are gone when this stops'}`,
      `Redis: ${redis?.backend ?? redisUrl}`,
      `API: ${settings.upstreamUrl ?? 'the sample API'} (${policy.routes.map((route) => route.path).join(', ')})`,
    ],
    close: async () => {
      await upstream?.close();
      await redis?.close();
    },
  };
}

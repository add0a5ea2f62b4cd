import { randomBytes } from 'node:crypto';

/** What of a site's policy says which variables the site reads. */
export interface SitePolicy {
  readonly audiences: Readonly<
    Record<string, { secretVariable: string; secondarySecretVariable?: string | undefined }>
  >;
  readonly routes: readonly { path: string; upstream: string }[];
}

/** Of a site that has none. */
export const emptyPolicy: SitePolicy = { audiences: {}, routes: [] };

/** What may be set from outside; every part that is not is our own. */
export interface DevSettings {
  host: string;
  port: number;
  /** Where visitors see the site, an origin: of a tunnel that leads here. Default: `localhost` and the port. */
  publicUrl?: string | undefined;
  /**
   * The secrets that the policy names, `DAYPASS_PRIVATE_SECRET`, `DAYPASS_SESSIONS_NOT_BEFORE` and
   * `TURNSTILE_SECRET_KEY`, by variable.
   */
  secrets: Readonly<Record<string, string>>;
  /** Backends behind the gate, by variable. */
  upstreams: Readonly<Record<string, string>>;
  /** A GoTrue in place of the dev identity. */
  identity:
    | {
        url: string;
        operatorToken: string;
        jwtSecret: string | undefined;
        /** The key of its webhooks. Default: that of its tokens. */
        webhookSecret?: string | undefined;
      }
    | undefined;
  /** A Redis that speaks Upstash's protocol in place of the bridge. */
  redis: { url: string; token: string } | undefined;
  /** A Redis behind the bridge, in place of one that the bridge starts. */
  redisUrl: string | undefined;
}

/** Where the site can listen: it answers as `localhost`, which these all include. */
const hosts = ['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'];

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings of the dev servers. Secrets that are not set are random, and new at each start.
 * @param policy says which secrets and upstreams there are
 * @param made secrets that were made before, by variable; new ones are added
 * @throws {Error} a variable is malformed, or one of a pair is missing
 */
export function readSettings(
  env: Variables,
  policy: SitePolicy,
  made: Record<string, string> = {},
): DevSettings {
  const port = Number(env.PORT || 8888);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('PORT must be a number from 0 to 65535.');
  const host = env.HOST || '127.0.0.1';
  if (!hosts.includes(host)) throw new Error(`HOST must be one of ${hosts.join(', ')}.`);
  const publicUrl = env.PUBLIC_URL ? readPublicUrl(env.PUBLIC_URL) : undefined;
  const identity = pair(env, 'IDENTITY_URL', 'IDENTITY_OPERATOR_TOKEN');
  const redis = pair(env, 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN');
  return {
    host,
    port,
    publicUrl,
    secrets: readSecrets(env, policy, made),
    upstreams: pick(
      env,
      policy.routes.map((route) => route.upstream),
    ),
    identity: identity && {
      url: identity[0].replace(/\/+$/, ''),
      operatorToken: identity[1],
      jwtSecret: env.IDENTITY_JWT_SECRET || undefined,
      webhookSecret: env.IDENTITY_WEBHOOK_SECRET || env.IDENTITY_JWT_SECRET || undefined,
    },
    redis: redis && { url: redis[0], token: redis[1] },
    redisUrl: env.REDIS_URL || undefined,
  };
}

function readPublicUrl(text: string): string {
  const origin = readOrigin(text);
  if (origin === undefined) throw new Error(`PUBLIC_URL ${originRule}.`);
  return origin;
}

export const originRule =
  'must be the origin that visitors see, such as https://abc.trycloudflare.com, without a path';

/** The origin that a URL is, with or without the slash that address bars show; undefined for anything else. */
export function readOrigin(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url && /^https?:$/.test(url.protocol) && text.replace(/\/$/, '') === url.origin;
  return isOrigin ? url.origin : undefined;
}

function readSecrets(
  env: Variables,
  policy: SitePolicy,
  made: Record<string, string>,
): Record<string, string> {
  const audiences = Object.values(policy.audiences);
  const required = ['DAYPASS_PRIVATE_SECRET', ...audiences.map((audience) => audience.secretVariable)];
  const secondary = audiences.flatMap((audience) => audience.secondarySecretVariable ?? []);
  for (const name of required) if (!env[name]) made[name] ??= randomBytes(32).toString('base64url');
  const others = ['DAYPASS_SESSIONS_NOT_BEFORE', 'TURNSTILE_SECRET_KEY'];
  return { ...pick(made, required), ...pick(env, [...required, ...secondary, ...others]) };
}

/** Those of the variables that are set and not empty. */
function pick(env: Variables, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

function pair(env: Variables, first: string, second: string): [string, string] | undefined {
  const [one, other] = [env[first] || undefined, env[second] || undefined];
  if (one === undefined && other === undefined) return undefined;
  if (one === undefined || other === undefined) throw new Error(`Set ${first} and ${second}, or neither.`);
  return [one, other];
}

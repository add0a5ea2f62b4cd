import type { Policy } from '../policy/types.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { RedisOptions } from '../store/redis.ts';
import {
  createKeyRing,
  createPrivateKeys,
  type KeyRing,
  type PrivateKeys,
  SecretChecks,
} from '../token/keys.ts';

/** What a site's environment variables say, checked. */
export interface Environment {
  /** Key rings by audience. */
  readonly keyRings: ReadonlyMap<string, KeyRing>;
  readonly privateKeys: PrivateKeys;
  /** `DAYPASS_SESSIONS_NOT_BEFORE`: sessions that began earlier are refused. Seconds since the epoch. */
  readonly sessionsNotBefore: number | undefined;
  readonly redis: Readonly<RedisOptions>;
  /** The site's primary URL, an origin, as Netlify sets it in `URL`. */
  readonly siteUrl: string | undefined;
  /** `IDENTITY_URL`: a GoTrue of one's own. */
  readonly identityUrl: string | undefined;
  /** `IDENTITY_JWT_SECRET`: its key. */
  readonly identityJwtSecret: string | undefined;
  /** `IDENTITY_OPERATOR_TOKEN`: the bearer of its admin calls. */
  readonly identityOperatorToken: string | undefined;
  /** `TURNSTILE_SECRET_KEY`: there where the policy's proof is `turnstile`. */
  readonly turnstileSecretKey: string | undefined;
  /** Upstreams by the variable that names them; only those that are set. */
  readonly upstreams: ReadonlyMap<string, URL>;
}

/** How far `DAYPASS_SESSIONS_NOT_BEFORE` may lie ahead, for clocks that differ. */
const clockSkewSeconds = 60;

/**
 * Reads and checks the variables of broker, gate and guard. `createIdentityWebhook`, `createIdentityAdmin` and a backend's
 * limits work without these, and read their own.
 * @param now the present, milliseconds since the epoch
 * @throws {ConfigurationError} a TypeError with all problems together; names variables and remedies, never a value
 */
export async function readEnvironment(
  policy: Policy,
  read: ReadVariable,
  now: number = Date.now(),
): Promise<Environment> {
  const value = (name: string) => read(name) || undefined;
  const problems: string[] = [];
  const secrets = new SecretChecks(problems);
  const privateSecret = secrets.required('DAYPASS_PRIVATE_SECRET', value('DAYPASS_PRIVATE_SECRET'));
  const ringOptions = Object.entries(policy.audiences).map(
    ([audience, { secretVariable, secondarySecretVariable: secondary }]) => ({
      audience,
      secret: secrets.required(secretVariable, value(secretVariable)),
      secondarySecret: secondary && secrets.optional(secondary, value(secondary)),
    }),
  );
  const redis = readRedisOptions(value, problems);
  const sessionsNotBefore = checkNotBefore(value, now, problems);
  const turnstileSecretKey = readTurnstileSecret(policy, value, problems);
  const identityUrl = checkUrl('IDENTITY_URL', value, problems)?.href;
  const siteUrl = checkUrl('URL', value, problems)?.origin;
  const upstreams = new Map<string, URL>();
  for (const upstream of new Set(policy.routes.map((route) => route.upstream))) {
    const url = checkUrl(upstream, value, problems);
    if (url) upstreams.set(upstream, url);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);

  const keyRings = new Map<string, KeyRing>();
  for (const options of ringOptions) keyRings.set(options.audience, await createKeyRing(options));
  const privateKeys = await createPrivateKeys(privateSecret);
  const identityJwtSecret = value('IDENTITY_JWT_SECRET');
  const identityOperatorToken = value('IDENTITY_OPERATOR_TOKEN');
  return {
    keyRings,
    privateKeys,
    sessionsNotBefore,
    redis,
    siteUrl,
    identityUrl,
    identityJwtSecret,
    identityOperatorToken,
    turnstileSecretKey,
    upstreams,
  };
}

/** The switch for a secret that leaked: a time of RFC 3339 §5.6, as seconds since the epoch. */
function checkNotBefore(value: ReadVariable, now: number, problems: string[]): number | undefined {
  const name = 'DAYPASS_SESSIONS_NOT_BEFORE';
  const text = value(name);
  if (text === undefined) return undefined;
  const seconds = parseDateTime(text);
  if (seconds === undefined) {
    problems.push(`${name} must be a time of RFC 3339, such as ${new Date(now).toISOString()}.`);
  } else if (seconds > now / 1000 + clockSkewSeconds) {
    // Each session would end as soon as it began, and every visitor would begin the next one.
    problems.push(`${name} must not lie ahead: it ends every session that began before it.`);
  }
  return seconds;
}

/** RFC 3339 §5.6; `Date.parse` takes much more, and some of it in the local time. */
export function parseDateTime(text: string): number | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)T(([01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i.exec(
      text,
    );
  if (!match) return undefined;
  const [, date = '', time = '', , fraction = '', offset = ''] = match;
  const day = new Date(`${date}T00:00:00Z`);
  // A day that its month does not have becomes one of the next.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return undefined;
  return Date.parse(`${date}T${time}${offset.toUpperCase()}`) / 1000 + Number(`0${fraction}`);
}

/** The secret key of the widget that the policy names; undefined where the policy requires another proof. */
function readTurnstileSecret(
  { admission }: Policy,
  value: ReadVariable,
  problems: string[],
): string | undefined {
  if (admission?.proof !== 'turnstile') return undefined;
  const name = 'TURNSTILE_SECRET_KEY';
  const remedy = "copy the widget's secret key from Cloudflare's dashboard.";
  const key = value(name);
  if (key === undefined) problems.push(`${name} is missing: ${remedy}`);
  else if (key === admission.turnstile?.siteKey) problems.push(`${name} holds the site key: ${remedy}`);
  else if (!/^[\w-]{20,200}$/.test(key)) problems.push(`${name} is no secret key of Turnstile: ${remedy}`);
  return key;
}

/** Reads one environment variable: `Netlify.env.get` on the platform, a record in tests. */
export type ReadVariable = (name: string) => string | undefined;

/** The two variables of a Redis over REST, as Upstash names them. */
export const redisVariables = { url: 'UPSTASH_REDIS_REST_URL', token: 'UPSTASH_REDIS_REST_TOKEN' } as const;

/**
 * Where Redis is.
 * @param names what the two are called in a problem
 * @param problems takes what is wrong with either; never a value
 */
export function readRedisOptions(
  value: ReadVariable,
  problems: string[],
  names: Readonly<Record<'url' | 'token', string>> = redisVariables,
): RedisOptions {
  const url = checkUrl(names.url, value, problems, 'required')?.href ?? '';
  const token = value(names.token) ?? '';
  if (token === '') problems.push(`${names.token} is missing: copy it from the console of your Redis.`);
  // fetch would repeat a value that no header field can have in the error of each call.
  else if (!/^[\x21-\x7e]+$/.test(token))
    problems.push(`${names.token} must be visible ASCII without spaces or line breaks.`);
  return { url, token };
}

/** A URL over https, or over http on this machine: tokens and secrets travel to it. */
export function checkUrl(
  name: string,
  value: ReadVariable,
  problems: string[],
  need?: 'required',
): URL | undefined {
  const text = value(name);
  if (text === undefined) {
    if (need) problems.push(`${name} is missing: set it to the https URL of the service.`);
    return undefined;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The Fetch standard takes no such URL, and its error repeats it.
  if (url && (url.username || url.password)) {
    problems.push(`${name} must hold no user name or password.`);
    return undefined;
  }
  const local = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return url;
  problems.push(`${name} must be an https URL.`);
  return undefined;
}

import type { RedisOptions } from '../store/redis.ts';

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
  // What is no header field would come back in the error of every call.
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

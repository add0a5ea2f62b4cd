import type { CallLimiter, CallLimiterOptions } from '../http/accessTokenCheck.ts';
import { noCallLimits } from '../policy/limits.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import type { Log } from '../protocol/log.ts';
import type { RedisOptions } from '../store/redis.ts';
import { createBackendHash } from '../token/keys.ts';
import { readRedisOptions, redisVariables } from './environment.ts';
import { logLine, readVariable } from './platform.ts';

/**
 * Counts the calls of a backend: in Redis, or in the memory of this process where no Redis is set. What speaks to Redis is
 * loaded at the first call, so that backends without limits do not carry it.
 * @throws {ConfigurationError} a TypeError: of Redis's two settings one is missing, or is at fault
 */
export function createCallLimiter(options: CallLimiterOptions, log: Log = logLine): CallLimiter {
  const redis = redisOf(options.redis);
  const load = async () => {
    const { wireSessionCheck } = await import('./wireSessionCheck.ts');
    const { leaseSeconds, storeFailure } = options;
    const hashIdentifier = await createBackendHash(options.secret);
    return wireSessionCheck({ limits: noCallLimits, leaseSeconds, storeFailure, redis, hashIdentifier }, log);
  };
  let loaded: ReturnType<typeof load> | undefined;
  return {
    async checkSession({ issuer, subject }, address) {
      // A failure is not kept: the next call loads again.
      loaded ??= load().catch((error) => {
        loaded = undefined;
        throw error;
      });
      return (await loaded).checkSession(`${issuer} ${subject}`, address, options);
    },
    // Where nothing could be loaded nothing is pending.
    flush: async () => (await loaded?.catch(() => undefined))?.flush(),
  };
}

function redisOf(given: RedisOptions | undefined): RedisOptions | undefined {
  if (given !== undefined)
    assertKnownKeys('requireAccessToken: redis', given, ['url', 'token', 'timeoutMilliseconds']);
  else if (!Object.values(redisVariables).some((name) => readVariable(name))) return undefined;
  const problems: string[] = [];
  const names = given ? { url: 'redis.url', token: 'redis.token' } : redisVariables;
  const read = given
    ? (name: string) => {
        const value = name === names.url ? given.url : given.token;
        return typeof value === 'string' ? value : undefined;
      }
    : (name: string) => readVariable(name) || undefined;
  const { url, token } = readRedisOptions(read, problems, names);
  const timeoutMilliseconds = given?.timeoutMilliseconds;
  const fits =
    typeof timeoutMilliseconds === 'number' && timeoutMilliseconds >= 1 && timeoutMilliseconds <= 30_000;
  if (timeoutMilliseconds !== undefined && !fits)
    problems.push('redis.timeoutMilliseconds must be a number from 1 to 30 000.');
  if (problems.length > 0)
    throw new ConfigurationError(problems.map((problem) => `requireAccessToken: ${problem}`));
  return { url, token, ...(timeoutMilliseconds !== undefined && { timeoutMilliseconds }) };
}

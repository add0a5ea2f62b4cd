import type { CheckedSession } from '../gate/checkSession.ts';
import { rateLimitFields } from '../limits/meter.ts';
import { checkOwnLimits, type OwnLimits, type OwnTerms } from '../policy/limits.ts';
import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { assertKnownKeys, invalidOptions, type OptionRule } from '../protocol/knownKeys.ts';
import { isScope } from '../protocol/messages.ts';
import type { RedisOptions } from '../store/redis.ts';
import { readBearer } from '../token/bearer.ts';
import { type AccessToken, SettingMismatch } from '../token/claims.ts';
import {
  checkVerifierOptions,
  createCheckedVerifier,
  type VerifierOptions,
  verifierOptionNames,
} from '../token/createVerifier.ts';
import { problemResponse } from './problem.ts';

/**
 * What `requireAccessToken` of a framework takes.
 * @typeParam Call what the framework calls a middleware with
 */
export type AccessTokenOptions<Call = never> = VerifierOptions & {
  /** The scope that a token must carry (RFC 6749 §3.3). Default: none. */
  scope?: string | undefined;
  /**
   * Whether a 401 says which option refused a token that is signed right: its issuer, audience or deploy context, both
   * values, and how tokens of `npx daypass dev` are accepted. Never for any other token. Default: where `NODE_ENV` is not
   * `production`; never on Netlify, and never where there is no `process`.
   */
  debug?: boolean | undefined;
} & LimitOptions<Call>;

/** Limits of a backend's own calls; all of these need `limits`. */
export interface LimitOptions<Call> extends OwnLimits {
  /**
   * What counts for all processes together: a Redis over Upstash's REST API. `timeoutMilliseconds` is how long a call may
   * wait for it, default 300. Default: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`; where neither is set, each
   * process counts in its own memory, and begins from zero when it starts.
   */
  redis?: RedisOptions | undefined;
  /**
   * What becomes of calls that Redis does not decide: `local` counts in the memory of each process, `deny` answers 503,
   * `allow` lets them pass. Default `local`.
   */
  storeFailure?: 'local' | 'deny' | 'allow' | undefined;
  /**
   * The caller's IP address, for `limits.address` and `limits.network`: never out of a header field that callers can set.
   * Default with Express: `req.ip`, which its setting `trust proxy` decides. No default with Hono.
   */
  clientAddress?: ((call: Call) => string | undefined) | undefined;
}

/** Counts the calls of one backend. */
export interface CallLimiter {
  /** @throws {DaypassError} `rate_limited`; `store_unavailable` where `storeFailure` is `deny` */
  checkSession(accessToken: AccessToken, address: string | undefined): Promise<CheckedSession>;
  /** Flushes pending counts to Redis, once the answer is made. Never throws. */
  flush(): Promise<void>;
}

/** Limits that were checked, and what they are counted with. */
export interface CallLimiterOptions extends OwnTerms {
  storeFailure: 'local' | 'deny' | 'allow';
  /** As given: undefined to look in the environment. */
  redis: RedisOptions | undefined;
  /** The secret of the first site: the key under which sessions and addresses are named in Redis. */
  secret: string;
}

/** What the runtime brings. */
export interface CheckRuntime<Call> {
  /** The default of the option `debug`. */
  isDebugMode: boolean;
  /** @throws {ConfigurationError} a TypeError: the settings of Redis are at fault */
  createCallLimiter(options: CallLimiterOptions): CallLimiter;
  /** The default of the option `clientAddress`. */
  clientAddress?: (call: Call) => string | undefined;
}

/** A call that passed. */
export interface PassedCall {
  accessToken: AccessToken;
  /** RateLimit fields of its answer. */
  fields: Readonly<Record<string, string>>;
  /** The header field of the answer that names its price, and what charges it; undefined where none does. */
  price: { field: string; charge: CheckedSession['charge'] } | undefined;
}

/** The check that the middlewares share. */
export interface AccessTokenCheck<Call> {
  /** @throws {DaypassError} `token_…`, `insufficient_scope`, `rate_limited`, `store_unavailable` */
  check(headers: Headers, call: Call): Promise<PassedCall>;
  /** The answer to a refusal: problem+json (RFC 9457) with the challenge of RFC 6750 §3. */
  refuse(error: DaypassError): Response;
  /** Flushes pending counts to Redis, once the answer is made. Never throws. */
  flush(): Promise<void>;
}

/**
 * `Vary` of an answer that is one caller's, and so not the answer to another token (RFC 9111 §4.1).
 * @param before what the answer says already
 */
export function varyByToken(before: string): string {
  const names = before.split(',').map((name) => name.trim());
  const known = new Set(names.map((name) => name.toLowerCase()));
  const added = ['Authorization', 'X-Daypass'].filter((name) => !known.has(name.toLowerCase()));
  return [...names.filter((name) => name !== ''), ...added].join(', ');
}

/** A RateLimit field behind what a middleware before has said in it: they are lists (RFC 9651 §3.1). */
export function joinField(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`;
}

const limitOptionNames: readonly string[] = Object.keys({
  name: true,
  limits: true,
  cost: true,
  redis: true,
  storeFailure: true,
  clientAddress: true,
} satisfies Record<keyof LimitOptions<unknown>, true>);

const checkRules = {
  // No token carries a malformed scope, but a list of scopes would be a mistake that goes unseen.
  scope: ['one scope, such as write', isScope],
  debug: ['true or false', (value) => typeof value === 'boolean'],
} as const satisfies Record<string, OptionRule>;

const limitRules = {
  storeFailure: [
    'one of local, deny, allow',
    (value) => ['local', 'deny', 'allow'].includes(value as string),
  ],
  clientAddress: ["a function that returns the caller's IP address", (value) => typeof value === 'function'],
} as const satisfies Record<string, OptionRule>;

/** @throws {ConfigurationError} a TypeError: an option is invalid or unknown */
export function createAccessTokenCheck<Call>(
  options: AccessTokenOptions<Call>,
  runtime: CheckRuntime<Call>,
): AccessTokenCheck<Call> {
  assertKnownKeys('requireAccessToken', options, [
    ...verifierOptionNames,
    'scope',
    'debug',
    ...limitOptionNames,
  ]);
  const { scope, debug = runtime.isDebugMode, ...others } = options;
  const { name, limits, cost, redis, storeFailure, clientAddress, ...verifierOptions } = others;
  assertNone(invalidOptions(options, checkRules));
  const checked = checkVerifierOptions(verifierOptions as VerifierOptions);
  const verify = createCheckedVerifier(checked);
  const limiting = { name, limits, cost, redis, storeFailure, clientAddress };
  const limiter = createLimiter(limiting, runtime, checked.sites[0].secret);
  const addressOf = clientAddress ?? runtime.clientAddress;
  return {
    async check(headers, call) {
      const accessToken = await verify(readBearer({ headers }));
      if (scope !== undefined && !accessToken.scopes.includes(scope))
        throw new DaypassError('insufficient_scope');
      if (!limiter) return { accessToken, fields: {}, price: undefined };
      const { decisions, charge } = await limiter.checkSession(accessToken, addressOf?.(call));
      const price = typeof cost === 'object' ? { field: cost.answer, charge } : undefined;
      return { accessToken, fields: rateLimitFields(decisions), price };
    },
    refuse(error) {
      const { cause, message } = error;
      return debug && cause instanceof SettingMismatch
        ? problemResponse(error, `${message} Its signature is right, but ${cause.message}`)
        : problemResponse(error);
    },
    flush: async () => limiter?.flush(),
  };
}

/** @throws {ConfigurationError} a TypeError: an option is invalid, or has no effect with the others */
function createLimiter<Call>(
  options: LimitOptions<Call>,
  runtime: CheckRuntime<Call>,
  secret: string,
): CallLimiter | undefined {
  const { redis, storeFailure = 'local', clientAddress } = options;
  if (options.limits === undefined) {
    const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : name));
    if (given.length === 0) return undefined;
    const remedy = 'set limits, or leave it out';
    assertNone([`${given.join(', ')} has no effect without limits; ${remedy}.`]);
  }
  const own = checkOwnLimits('requireAccessToken', options);
  const { session, address, network, total } = own.limits;
  const problems: string[] = [];
  if ([session, address, network, total].every((windows) => windows.length === 0))
    problems.push('limits: name at least one of session, address, network, total.');
  problems.push(...invalidOptions(options, limitRules));
  if (address.length + network.length > 0 && !(clientAddress ?? runtime.clientAddress))
    problems.push(
      'limits.address and limits.network need clientAddress, such as (c) => getConnInfo(c).remote.address.',
    );
  assertNone(problems);
  return runtime.createCallLimiter({ ...own, redis, storeFailure, secret });
}

/** @throws {ConfigurationError} a TypeError if there are problems */
function assertNone(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new ConfigurationError(problems.map((problem) => `requireAccessToken: ${problem}`));
}

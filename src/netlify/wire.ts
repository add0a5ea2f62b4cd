import { noProof, type ProofMethod } from '../admission/proofMethod.ts';
import { createProofOfWork, type ProofOfWorkOptions } from '../admission/proofOfWork.ts';
import { createTurnstile, isTestSecret } from '../admission/turnstile.ts';
import type { AddressLimitName, BrokerDependencies } from '../broker/dependencies.ts';
import { createRefusedTokens } from '../broker/exchange.ts';
import type { AuthorizeDependencies } from '../gate/checkCall.ts';
import { createGateHandler, type Gate, type GateDependencies } from '../gate/gate.ts';
import { createGuard, createGuardLimiters, type Guard } from '../guard/guard.ts';
import { createIdentityClient } from '../identity/client.ts';
import { createAddressLimiters, createStoredWindow, overWindows } from '../limits/limiter.ts';
import { createFallbackLimiters, createLimiterPairs } from '../limits/localLimiter.ts';
import { createSmallBodies, createUploads } from '../limits/requestBodies.ts';
import type { CheckedAdmission, Policy } from '../policy/types.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { type DeployContext, identityPath } from '../protocol/wire.ts';
import type { CircuitTime } from '../store/circuit.ts';
import { readCounts } from '../store/counters.ts';
import { createRedemptions } from '../store/redemptions.ts';
import { createRedis } from '../store/redis.ts';
import { createRevocations, type RevocationOptions } from '../store/revocations.ts';
import { createSweepCursor, type SweepCursor } from '../store/sweepCursor.ts';
import { createUsedProofs } from '../store/usedProofs.ts';
import { createVerifiedTokens } from '../token/verify.ts';
import type { Environment } from './environment.ts';
import { fetchUndecoded } from './fetchUndecoded.ts';
import { nowSeconds } from './platform.ts';
import { connectStore, wireSessionCheck } from './wireSessionCheck.ts';

/** Which deploy a broker or a gate belongs to, and so whose tokens it mints and takes. */
export interface DeployInfo {
  /** `iss`: the policy's, else the site's primary URL. */
  issuer: string;
  deployContext: DeployContext;
}

/** What both calls of an exchange to Identity may take together: with all else, functions have 10 s. */
const identityBudgetMilliseconds = 3000;

/** Some 1 kB each, 10 kB at most. */
const rememberedTokens = 10_000;
/** Under Netlify's emulator a process starts for each, twice, which takes long on a busy machine. */
const devIdentityBudgetMilliseconds = 20_000;

/** Puts a broker together. `operatorToken` is called for each exchange. */
export function wireBroker(
  policy: Policy,
  environment: Environment,
  deployInfo: DeployInfo,
  operatorToken: () => string | undefined,
): BrokerDependencies {
  const identityUrl = environment.identityUrl ?? (environment.siteUrl && environment.siteUrl + identityPath);
  if (!identityUrl) {
    throw new ConfigurationError([
      'URL is missing: Netlify sets it; with a GoTrue of your own, set IDENTITY_URL.',
    ]);
  }
  const redis = createRedis(environment.redis);
  const create = overWindows((meter) => createStoredWindow(redis, meter, () => Date.now()));
  const { hashIdentifier } = environment.privateKeys;
  const byAddress = (name: AddressLimitName) => createAddressLimiters(create, name, policy.limits[name]);
  return {
    policy,
    ...deployInfo,
    keyRings: environment.keyRings,
    sessionsNotBefore: environment.sessionsNotBefore,
    privateKeys: environment.privateKeys,
    identity: createIdentityClient({ url: identityUrl }),
    identityBudgetMilliseconds:
      deployInfo.deployContext === 'dev' ? devIdentityBudgetMilliseconds : identityBudgetMilliseconds,
    identityJwtSecret: environment.identityJwtSecret,
    operatorToken,
    redemptions: createRedemptions(redis, hashIdentifier),
    revocations: createRevocations(redis, rememberedBy(policy)),
    limiters: {
      site: create('site', policy.limits.site),
      renewal: create('renewal', policy.limits.renewal),
      introspection: create('introspection', policy.limits.introspection),
      maintenance: create('maintenance', policy.limits.maintenance),
    },
    addressLimiters: {
      exchange: byAddress('exchange'),
      // Each of these has called Identity.
      exchangeRefused: createAddressLimiters(
        createFallbackLimiters(redis, () => Date.now()),
        'exchangeRefused',
        policy.limits.exchangeRefused,
      ),
      revoke: byAddress('revoke'),
      introspectionRefused: byAddress('introspectionRefused'),
      maintenanceRefused: byAddress('maintenanceRefused'),
      status: byAddress('status'),
      challenge: byAddress('challenge'),
    },
    refusedTokens: createRefusedTokens(hashIdentifier),
    provenCallers: new BoundedMap(10_000),
    bodies: createSmallBodies(policy),
    proofMethod: policy.admission && wireProofMethod(policy.admission, environment),
    hasTurnstileTestKey: isTestSecret(environment.turnstileSecretKey),
    upstreams: environment.upstreams,
    reachUpstream: async (url, signal) => {
      const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
      await response.body?.cancel();
    },
    readStats: () => readCounts(redis, Date.now()),
    now: nowSeconds,
    steadyNow: () => performance.now(),
  };
}

/** Puts the proof method together: the broker issues its challenges, the event function verifies its proofs. */
export function wireProofMethod(admission: CheckedAdmission, environment: Environment): ProofMethod {
  const { hashIdentifier, proofSecret } = environment.privateKeys;
  return createProofMethod(admission, {
    proofSecret,
    now: () => Date.now(),
    usedProofs: createUsedProofs(createRedis(environment.redis), hashIdentifier, () => Date.now()),
    turnstileSecretKey: environment.turnstileSecretKey,
  });
}

export interface ProofMethodParts extends Omit<ProofOfWorkOptions, 'settings'> {
  /** Set if the policy requires `turnstile`. */
  turnstileSecretKey: string | undefined;
}

/**
 * Creates the proof method that the policy requires.
 * @throws {ConfigurationError} a TypeError: the proof is `turnstile`, and one of its keys is missing
 */
export function createProofMethod(admission: CheckedAdmission, parts: ProofMethodParts): ProofMethod {
  const { proof, proofOfWork: settings, turnstile } = admission;
  if (proof === 'proof-of-work') return createProofOfWork({ settings, ...parts });
  if (proof === 'turnstile')
    return createTurnstile(turnstileKeys(turnstile?.siteKey, parts.turnstileSecretKey));
  return noProof;
}

function turnstileKeys(siteKey: string | undefined, secretKey: string | undefined) {
  if (siteKey && secretKey) return { siteKey, secretKey };
  const missing = siteKey ? 'TURNSTILE_SECRET_KEY' : 'admission.turnstile.siteKey';
  throw new ConfigurationError([`${missing} is missing: copy it from Cloudflare's dashboard.`]);
}

/** Where the scheduled sweep remembers how far it came. */
export function wireSweepCursor(environment: Environment): SweepCursor {
  return createSweepCursor(createRedis(environment.redis));
}

/** Puts together what the gate and protected functions check their callers with. */
export function wireAuthorization(
  policy: Policy,
  environment: Environment,
  deployInfo: DeployInfo,
  log: Log,
  time: Partial<CircuitTime> = {},
): AuthorizeDependencies {
  const { limits, storeFailure } = policy;
  const wired = wireSessionCheck(
    {
      limits,
      leaseSeconds: limits.leaseSeconds,
      storeFailure,
      redis: environment.redis,
      hashIdentifier: environment.privateKeys.hashIdentifier,
      revocations: rememberedBy(policy),
    },
    log,
    time,
  );
  return {
    policy,
    ...deployInfo,
    keyRings: environment.keyRings,
    sessionsNotBefore: environment.sessionsNotBefore,
    verifiedTokens: createVerifiedTokens(rememberedTokens),
    ...wired,
    now: nowSeconds,
  };
}

/** How long tokens of a session may be accepted, and a minute for clock skew and rounding. */
function rememberedBy({ accessToken }: Policy): RevocationOptions {
  const { sessionSeconds, ttlSeconds, renewalGraceSeconds } = accessToken;
  return {
    rememberSeconds: sessionSeconds + ttlSeconds + renewalGraceSeconds + 60,
    now: () => Date.now(),
  };
}

/** Called with a request field that is not passed on to the upstream, and why. */
export type FieldDropped = NonNullable<GateDependencies['onFieldDropped']>;

/** Puts a gate together. */
export function wireGate(
  policy: Policy,
  environment: Environment,
  deployInfo: DeployInfo,
  log: Log,
  time: Partial<CircuitTime> = {},
  onFieldDropped?: FieldDropped,
): Gate {
  return createGateHandler({
    ...wireAuthorization(policy, environment, deployInfo, log, time),
    fetchUndecoded: fetchUndecoded(),
    onFieldDropped,
    upstreams: environment.upstreams,
    bodies: createUploads(policy),
  });
}

/** Puts the sign-up guard together. */
export function wireGuard(
  policy: Policy,
  environment: Environment,
  log: Log,
  time: Partial<CircuitTime> = {},
): Guard {
  const { redis, circuit, counters } = connectStore(environment.redis, { part: 'guard' }, log, time);
  const { stored, local } = createLimiterPairs(redis, () => Date.now());
  const guard = createGuard({
    hashIdentifier: environment.privateKeys.hashIdentifier,
    limiters: createGuardLimiters(stored, policy),
    localLimiters: createGuardLimiters(local, policy),
    membersDenied: policy.admission?.members === 'deny',
    audience: policy.identity.audience,
    bodies: createSmallBodies(policy),
    circuit,
    log,
  });
  return Object.assign(guard, { flush: counters.flush });
}

import { createProof } from '../admission/createProof.ts';
import type { Proof } from '../admission/proof.ts';
import type { BrokerDependencies } from '../broker/dependencies.ts';
import { createAdmit } from '../gate/admit.ts';
import type { AuthorizeDependencies } from '../gate/authorize.ts';
import { createGate, type Gate } from '../gate/gate.ts';
import { createWithoutStore } from '../gate/withoutStore.ts';
import { createGuard, type Guard } from '../guard/guard.ts';
import { describeCause } from '../http/problem.ts';
import { createIdentityClient } from '../identity/client.ts';
import {
  type CreateLimiter,
  createAddressLimiters,
  createNetworkLimiter,
} from '../limits/addressLimiters.ts';
import { createLimiter } from '../limits/limiter.ts';
import { createLocalLimiter } from '../limits/localLimiter.ts';
import type { CheckedAdmission, Policy } from '../policy/types.ts';
import type { DeployContext } from '../protocol/deployContext.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { identityPath } from '../protocol/paths.ts';
import { createCircuit } from '../store/circuit.ts';
import { createClaims } from '../store/claim.ts';
import { createProofs } from '../store/proofs.ts';
import { readCounts } from '../store/readCounts.ts';
import { createRedis, ping } from '../store/redis.ts';
import { createRevocations } from '../store/revocation.ts';
import { createSweepCursor, type SweepCursor } from '../store/sweepCursor.ts';
import { connectStore } from './connectStore.ts';
import type { Environment } from './environment.ts';

/** Where a broker or a gate runs. */
export interface Place {
  /** `iss`: the policy's, else the site's primary URL. */
  issuer: string;
  deployContext: DeployContext;
}

/** Puts a broker together. `operatorToken` is asked anew at each exchange. */
export function wireBroker(
  policy: Policy,
  environment: Environment,
  place: Place,
  operatorToken: () => string | undefined,
): BrokerDependencies {
  const identityUrl = environment.identityUrl ?? (environment.siteUrl && environment.siteUrl + identityPath);
  if (!identityUrl) {
    throw new ConfigurationError([
      'URL is missing: Netlify sets it; with a GoTrue of your own, set IDENTITY_URL.',
    ]);
  }
  const redis = createRedis(environment.redis);
  const create: CreateLimiter = (name, limit) => createLimiter(redis, name, limit);
  const { hashIdentifier } = environment.privateKeys;
  return {
    policy,
    ...place,
    keyRings: environment.keyRings,
    privateKeys: environment.privateKeys,
    identity: createIdentityClient({ url: identityUrl }),
    identityJwtSecret: environment.identityJwtSecret,
    operatorToken,
    claims: createClaims(redis, hashIdentifier),
    revocations: createRevocations(redis),
    limiters: {
      exchange: createLimiter(redis, 'exchange', policy.limits.exchange),
      site: createLimiter(redis, 'site', policy.limits.site),
      renewal: createLimiter(redis, 'renewal', policy.limits.renewal),
      status: createLimiter(redis, 'status', policy.limits.status),
      challenge: createLimiter(redis, 'challenge', policy.limits.challenge),
    },
    networkLimiters: {
      exchange: createNetworkLimiter(create, 'exchange', policy.limits.exchange),
      status: createNetworkLimiter(create, 'status', policy.limits.status),
      challenge: createNetworkLimiter(create, 'challenge', policy.limits.challenge),
    },
    proofs: policy.admission && wireAdmission(policy.admission, environment),
    missingUpstreams: [...new Set(policy.routes.map((route) => route.upstream))].filter(
      (name) => !environment.upstreams.has(name),
    ),
    pingStore: () => ping(redis),
    readStats: () => readCounts(redis, Date.now()),
    now: nowSeconds,
  };
}

/** Puts the proof together that sign-ups bring: the broker starts it, the event function judges it. */
export function wireAdmission(admission: CheckedAdmission, environment: Environment): Proof {
  const { hashIdentifier, proofSecret } = environment.privateKeys;
  return createProof(admission, {
    proofSecret,
    proofs: createProofs(createRedis(environment.redis), hashIdentifier),
    turnstileSecretKey: environment.turnstileSecretKey,
  });
}

/** Where the scheduled sweep remembers how far it came. */
export function wireSweepCursor(environment: Environment): SweepCursor {
  return createSweepCursor(createRedis(environment.redis));
}

/** Puts together what the gate and protected functions check their callers with. */
export function wireAuthorization(
  policy: Policy,
  environment: Environment,
  place: Place,
  log: Log,
): AuthorizeDependencies {
  const { redis, circuit, counters } = connectStore(environment.redis, policy, log);
  return {
    policy,
    ...place,
    keyRings: environment.keyRings,
    counters,
    admit: createAdmit({
      hashIdentifier: environment.privateKeys.hashIdentifier,
      revocations: createRevocations(redis),
      limiters: {
        session: createLimiter(redis, 'session', policy.limits.session),
        address: createLimiter(redis, 'address', policy.limits.address),
        network: createLimiter(redis, 'network', policy.limits.network),
      },
      circuit,
      withoutStore: createWithoutStore(policy),
      counters,
      log,
    }),
    now: nowSeconds,
  };
}

/** Puts a gate together. */
export function wireGate(policy: Policy, environment: Environment, place: Place, log: Log): Gate {
  return createGate({
    ...wireAuthorization(policy, environment, place, log),
    upstreams: environment.upstreams,
  });
}

/** Puts the sign-up guard together. */
export function wireGuard(policy: Policy, environment: Environment, log: Log): Guard {
  const redis = createRedis(environment.redis);
  const limiters = (create: CreateLimiter) => ({
    signup: createAddressLimiters(create, 'signup', policy.limits.signup),
    login: createAddressLimiters(create, 'login', policy.limits.login),
  });
  return createGuard({
    hashIdentifier: environment.privateKeys.hashIdentifier,
    limiters: limiters((name, limit) => createLimiter(redis, name, limit)),
    localLimiters: limiters((name, limit) => createLocalLimiter(name, limit)),
    circuit: createCircuit({
      timeoutMilliseconds: environment.redis.timeoutMilliseconds,
      onChange: (event, cause) => log(event, { part: 'guard', cause: describeCause(cause) }),
    }),
    log,
  });
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

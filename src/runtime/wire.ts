import type { BrokerDependencies } from '../broker/dependencies.ts';
import { createAdmit } from '../gate/admit.ts';
import type { AuthorizeDependencies } from '../gate/authorize.ts';
import { createGate, type Gate } from '../gate/gate.ts';
import { createIdentityClient } from '../identity/client.ts';
import { createLimiter } from '../limits/limiter.ts';
import type { Policy } from '../policy/types.ts';
import type { DeployContext } from '../protocol/deployContext.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { identityPath } from '../protocol/paths.ts';
import { createClaims } from '../store/claim.ts';
import { createRedis, ping } from '../store/redis.ts';
import { createRevocations } from '../store/revocation.ts';
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
    },
    missingUpstreams: [...new Set(policy.routes.map((route) => route.upstream))].filter(
      (name) => !environment.upstreams.has(name),
    ),
    pingStore: () => ping(redis),
    now: nowSeconds,
  };
}

/** Puts together what the gate and protected functions check their callers with. */
export function wireAuthorization(
  policy: Policy,
  environment: Environment,
  place: Place,
  log: Log,
): AuthorizeDependencies {
  const redis = createRedis(environment.redis);
  return {
    policy,
    ...place,
    keyRings: environment.keyRings,
    admit: createAdmit({
      hashIdentifier: environment.privateKeys.hashIdentifier,
      revocations: createRevocations(redis),
      limiters: {
        session: createLimiter(redis, 'session', policy.limits.session),
        address: createLimiter(redis, 'address', policy.limits.address),
        network: createLimiter(redis, 'network', policy.limits.network),
      },
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

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

import type { RedisBridge } from '../../src/dev/redis/start.ts';
import { type Admit, createAdmit } from '../../src/gate/admit.ts';
import { createLimiter } from '../../src/limits/limiter.ts';
import type { Limit } from '../../src/policy/types.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createRevocations, type Revocations } from '../../src/store/revocation.ts';
import { createPrivateKeys } from '../../src/token/privateKeys.ts';
import { privateSecret } from './tokens.ts';

const { hashIdentifier } = await createPrivateKeys(privateSecret);

export interface AdmitParts {
  admit: Admit;
  revocations: Revocations;
  hashIdentifier(identifier: string): Promise<string>;
  logged: string[];
}

/** The gate's check of sessions and addresses over a bridge, as one instance of the gate has it. */
export function connectAdmit(
  bridge: RedisBridge,
  limits: Partial<Record<'session' | 'address' | 'network', number>> = {},
): AdmitParts {
  const redis = createRedis(bridge);
  const logged: string[] = [];
  const limiter = (name: 'session' | 'address' | 'network') => {
    const rule: Required<Limit> = {
      limit: limits[name] ?? 1000,
      windowSeconds: 3600,
      algorithm: 'fixed-window',
    };
    return createLimiter(redis, name, rule);
  };
  const revocations = createRevocations(redis);
  const limiters = { session: limiter('session'), address: limiter('address'), network: limiter('network') };
  const log = (event: string) => void logged.push(event);
  return {
    admit: createAdmit({ hashIdentifier, revocations, limiters, log }),
    revocations,
    hashIdentifier,
    logged,
  };
}

import type { RedisBridge } from '../../src/dev/redis/start.ts';
import { type Admit, createAdmit } from '../../src/gate/admit.ts';
import { createGateLimiters } from '../../src/gate/limits.ts';
import { createWithoutStore } from '../../src/gate/withoutStore.ts';
import { createLimiterPairs } from '../../src/limits/localLimiter.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Limit, PolicyInput } from '../../src/policy/types.ts';
import { connectStore } from '../../src/runtime/connectStore.ts';
import type { Circuit } from '../../src/store/circuit.ts';
import type { Counters } from '../../src/store/counters.ts';
import { createRevocations, type Revocations } from '../../src/store/revocation.ts';
import { createPrivateKeys } from '../../src/token/privateKeys.ts';
import { privateSecret } from './tokens.ts';

const { hashIdentifier } = await createPrivateKeys(privateSecret);

export interface AdmitParts {
  admit: Admit;
  revocations: Revocations;
  circuit: Circuit;
  counters: Counters;
  hashIdentifier(identifier: string): Promise<string>;
  logged: string[];
}

/** Counters for gates whose counts nobody asks for. */
export const uncounted: Counters = {
  add: () => undefined,
  sendAlong: () => undefined,
  settle: () => Promise.resolve(),
};

/** The gate's check of sessions and addresses over a bridge, as one instance of the gate has it. */
export function connectAdmit(
  bridge: RedisBridge,
  limits: Partial<Record<'session' | 'address' | 'network', number>> = {},
  storeFailure: PolicyInput['storeFailure'] = 'local',
  time: Parameters<typeof connectStore>[3] = {},
): AdmitParts {
  const logged: string[] = [];
  const log = (event: string) => void logged.push(event);
  const ruleOf = (name: 'session' | 'address' | 'network'): Required<Limit> => ({
    limit: limits[name] ?? 1000,
    windowSeconds: 3600,
    algorithm: 'fixed-window',
  });
  const rules = { session: ruleOf('session'), address: ruleOf('address'), network: ruleOf('network') };
  const policy = definePolicy({ storeFailure, limits: rules });
  const { redis, circuit, counters } = connectStore(bridge, { storeFailure }, log, time);
  const { stored, local } = createLimiterPairs(redis);
  const revocations = createRevocations(redis);
  const limiters = createGateLimiters(stored, policy);
  const withoutStore = createWithoutStore(policy, createGateLimiters(local, policy));
  return {
    admit: createAdmit({ hashIdentifier, revocations, limiters, circuit, withoutStore, counters, log }),
    revocations,
    circuit,
    counters,
    hashIdentifier,
    logged,
  };
}

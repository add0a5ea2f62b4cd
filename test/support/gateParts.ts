import type { DevRedis } from '../../dev/redis/start.ts';
import { type CheckSession, createSessionCheck } from '../../src/gate/checkSession.ts';
import { createLeases } from '../../src/limits/leases.ts';
import type { Decision } from '../../src/limits/meter.ts';
import { connectStore } from '../../src/netlify/wireSessionCheck.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Limit, PolicyInput } from '../../src/policy/types.ts';
import { createCallCounts } from '../../src/store/callCounts.ts';
import type { Circuit } from '../../src/store/circuit.ts';
import { createStoreClock } from '../../src/store/clocks.ts';
import type { Counters } from '../../src/store/counters.ts';
import { createRevocations, type Revocations } from '../../src/store/revocations.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { privateSecret } from './tokens.ts';

const { hashIdentifier } = await createPrivateKeys(privateSecret);

export interface SessionCheckParts {
  /** What each limit said. */
  checkSession(...call: Parameters<CheckSession>): Promise<readonly Decision[]>;
  checkCharging: CheckSession;
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
  flush: () => Promise.resolve(),
};

/** The gate's check of sessions and addresses over a bridge, as one instance of the gate has it. */
export function connectSessionCheck(
  bridge: DevRedis,
  limits: Partial<Record<'session' | 'address' | 'network' | 'leaseSeconds', number>> = {},
  storeFailure: PolicyInput['storeFailure'] = 'local',
  time: Parameters<typeof connectStore>[3] = {},
): SessionCheckParts {
  const logged: string[] = [];
  const log = (event: string) => void logged.push(event);
  const ruleOf = (name: 'session' | 'address' | 'network'): Required<Limit> => ({
    limit: limits[name] ?? 1000,
    windowSeconds: 3600,
    algorithm: 'fixed-window',
  });
  const rules = {
    session: ruleOf('session'),
    address: ruleOf('address'),
    network: ruleOf('network'),
    leaseSeconds: limits.leaseSeconds ?? 0,
  };
  const policy = definePolicy({ storeFailure, limits: rules });
  const { redis, circuit, counters } = connectStore(bridge, { storeFailure }, log, time);
  const revocations = createRevocations(redis, { now: () => Date.now() });
  const callCounts = createCallCounts(redis);
  const leases = createLeases({
    counts: { take: (...question) => circuit.run(() => callCounts.take(...question)) },
    clock: createStoreClock(),
    leaseSeconds: policy.limits.leaseSeconds,
  });
  const checkSession = createSessionCheck({
    policy,
    hashIdentifier,
    revocations,
    leases,
    circuit,
    counters,
    log,
  });
  return {
    checkSession: async (...call) => (await checkSession(...call)).decisions,
    checkCharging: checkSession,
    revocations,
    circuit,
    counters,
    hashIdentifier,
    logged,
  };
}

import { type Decision, enforce } from '../limits/decision.ts';
import type { Leases, MeteredCall } from '../limits/leases.ts';
import type { CheckedCallLimits, Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Circuit } from '../store/circuit.ts';
import type { Counters } from '../store/counters.ts';
import { describeRedisError, isStoreUnavailable } from '../store/redis.ts';
import type { Revocations } from '../store/revocations.ts';
import { bucketsOf, createMeters } from './meters.ts';

export interface SessionCheckDependencies {
  policy: Pick<Policy, 'storeFailure'> & { limits: CheckedCallLimits };
  hashIdentifier(identifier: string): Promise<string>;
  /** Undefined for a backend: it has not the key by which the site names its sessions in Redis. */
  revocations: Revocations | undefined;
  leases: Leases;
  circuit: Pick<Circuit, 'run'>;
  counters: Pick<Counters, 'add'>;
  log: Log;
}

/** What a call costs, and what counts it in addition to the site's limits. */
export interface CallTerms {
  /** The route's path in the policy, for its limits and the counters. A function of the site's own may have none. */
  path?: string;
  /** The route's own limits. */
  limits?: CheckedCallLimits;
  /** Whose the limits are, where they are not a route's. */
  owner?: 'function' | 'backend';
  /** Default 1; a price that the answer names is charged afterwards. */
  cost?: number | { readonly answer: string };
}

/** A call that passed. */
export interface CheckedSession {
  /** What each limit said; nothing where Redis is away and the policy allows. */
  decisions: readonly Decision[];
  /** Charges the call with more than it has cost, now that its price is known. @param units a whole number from 0 */
  charge(units: number): void;
}

/**
 * Counts the calls of sessions and addresses, and refuses those that are too many or revoked.
 * @param subject the session; undefined where no token is required, and only the IP address counts
 * @throws {DaypassError} `token_revoked`, `rate_limited`, `store_unavailable`
 */
export type CheckSession = (
  subject: string | undefined,
  address: string | undefined,
  terms?: CallTerms,
) => Promise<CheckedSession>;

/**
 * Makes the check that each call passes behind the token: revocation and all limits, out of what this instance has in hand
 * or in one Redis round trip. While Redis is away the policy's `storeFailure` decides, after 300 ms at most; so it does for
 * a call whose limits Redis refuses to count. A revocation that this instance has seen holds in any case.
 */
export function createSessionCheck(dependencies: SessionCheckDependencies): CheckSession {
  const { policy, hashIdentifier, revocations, leases, circuit, counters, log } = dependencies;
  const chargesOf = createMeters(policy.limits);
  const watchCeilings = createCeilings(counters, log);
  let warnedUnknown = false;

  function warnUnknownAddress(): void {
    if (!warnedUnknown) log('address_unknown', { effect: 'callers without an address share one limit' });
    warnedUnknown = true;
  }

  function refuseRevoked(session: string | undefined): void {
    if (session !== undefined && revocations?.isKnown(session)) throw new DaypassError('token_revoked');
  }

  /**
   * Decides a call that Redis did not count.
   * @returns also whether revocation could not be checked
   */
  async function storeFallback(call: MeteredCall, reason: unknown) {
    const { session } = call;
    // Another call of the session may have learned it meanwhile.
    refuseRevoked(session);
    // Fail closed on unexpected errors.
    if (!isStoreUnavailable(reason)) throw reason;
    // Redis may refuse to count but still answer reads, so check revocation separately.
    const canRead = describeRedisError(reason) !== 'unreachable';
    const lookup =
      canRead && session !== undefined && revocations
        ? circuit.run(() => revocations.isRevoked(session))
        : Promise.reject();
    const isRevoked = await lookup.catch(() => undefined);
    if (isRevoked) throw new DaypassError('token_revoked');
    if (policy.storeFailure === 'deny') throw reason;
    const decisions = policy.storeFailure === 'allow' ? [] : leases.takeLocally(call);
    return { decisions, isRevocationUnchecked: session !== undefined && isRevoked === undefined };
  }

  return async (subject, address, { path, limits, owner, cost = 1 } = {}) => {
    const buckets = await bucketsOf(hashIdentifier, subject, address);
    const session = revocations && buckets.session;
    refuseRevoked(session);
    const charges = chargesOf(buckets, limits, path, owner);
    if (!buckets.isKnown && charges.some(({ bucket }) => bucket === buckets.address)) warnUnknownAddress();
    // IPv4 has no network bucket, so nothing may apply.
    if (charges.length === 0) return { decisions: [], charge: () => undefined };
    const call = { session, charges, cost: typeof cost === 'number' ? cost : 1 };
    const { decisions, isRevocationUnchecked } = await leases.take(call).then(
      (verdict) => {
        if (verdict.isRevoked && session !== undefined) {
          revocations?.remember(session);
          throw new DaypassError('token_revoked');
        }
        return { decisions: verdict.decisions, isRevocationUnchecked: false };
      },
      (reason) => storeFallback(call, reason),
    );
    // Another call of the session may have learned it meanwhile.
    refuseRevoked(session);
    watchCeilings(decisions, path);
    enforce(decisions);
    if (isRevocationUnchecked) counters.add('revocation_unchecked', { route: path });
    return { decisions, charge: (units) => leases.charge(call, units) };
  };
}

/** The share of a ceiling that is left when its owner is warned. */
const nearShare = 0.2;

/**
 * Reports when a ceiling (`total`, of the site or of a route) has a fifth left and when it is reached: a line of the log and a
 * count, once per instance and window.
 */
export function createCeilings(counters: Pick<Counters, 'add'>, log: Log) {
  const reported = new Map<string, 'near' | 'reached'>();
  return (decisions: readonly Decision[], route: string | undefined): void => {
    for (const { name, allowed, limit, remaining, resetSeconds } of decisions) {
      if (!/^total\b/.test(name)) continue;
      const state = allowed ? (remaining <= limit * nearShare ? 'near' : undefined) : 'reached';
      const before = reported.get(name);
      if (state === undefined) reported.delete(name);
      if (state === undefined || state === before || before === 'reached') continue;
      reported.set(name, state);
      const event = `ceiling_${state}` as const;
      counters.add(event, { route });
      log(event, { ceiling: name, limit, remaining, resetSeconds });
    }
  };
}

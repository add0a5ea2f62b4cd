import { hashBuckets } from '../limits/address.ts';
import type { Leases, MeteredCall } from '../limits/leases.ts';
import { type Decision, enforce, type Meter, metersOf } from '../limits/meter.ts';
import type { CallLimits, CallTerms, CheckedCallLimits, Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Circuit } from '../store/circuit.ts';
import type { Counters } from '../store/counters.ts';
import { describeRedisError, isStoreUnavailable } from '../store/redis.ts';
import type { Revocations } from '../store/revocations.ts';

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

/** A call that passed. */
export interface CheckedSession {
  /** What each limit said; nothing where Redis is away and the policy allows. */
  decisions: readonly Decision[];
  /** Charges the price that the answer names, less the 1 that the call has cost. @param price a whole number from 1 */
  charge(price: number): void;
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
  const metersOfCall = createMeters(policy.limits);
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
    const meters = metersOfCall(buckets, limits, path, owner);
    if (!buckets.isKnown && meters.some(({ bucket }) => bucket === buckets.address)) warnUnknownAddress();
    // IPv4 has no network bucket, so nothing may apply.
    if (meters.length === 0) return { decisions: [], charge: () => undefined };
    const call = { session, meters, cost: typeof cost === 'number' ? cost : 1 };
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
    return { decisions, charge: (price) => leases.charge(call, price - 1) };
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

/** From the one that says most of the caller to the one that says nothing. */
const names = ['session', 'address', 'network', 'total'] as const satisfies (keyof CallLimits)[];

/** What a call counts for, each hashed. */
export interface CallBuckets extends Readonly<Record<keyof CallLimits, string | undefined>> {
  /** Whether the caller has an IP address of its own to be counted by. */
  readonly isKnown: boolean;
}

type Meters = Readonly<Record<keyof CallLimits, readonly Meter[]>>;

/** Hashes what a call counts for. */
export async function bucketsOf(
  hashIdentifier: (identifier: string) => Promise<string>,
  subject: string | undefined,
  address: string | undefined,
): Promise<CallBuckets> {
  // Counted apart: calls of open routes must not use up what callers with a token need, nor the reverse.
  const open = (bucket: string) => hashIdentifier(`open ${bucket}`);
  const [session, buckets] = await Promise.all([
    subject === undefined ? undefined : hashIdentifier(subject),
    hashBuckets(subject === undefined ? open : hashIdentifier, address),
  ]);
  return { session, ...buckets, total: 'all' };
}

/**
 * Makes the function that returns the meters of a call: the site's limits and those of its route.
 * @returns the narrowest first
 */
export function createMeters(site: CheckedCallLimits) {
  const ofSite = allMeters(site, '');
  const ofRoutes = new WeakMap<CheckedCallLimits, Meters>();

  /**
   * @param limits only those of the route
   * @param path the route's, which keeps its counts apart from those of others
   * @param owner the same for a function or a backend, whose name may be the path of a route
   */
  return (
    buckets: CallBuckets,
    limits?: CheckedCallLimits,
    path = '',
    owner?: string,
  ): MeteredCall['meters'] => {
    let ofRoute = limits && ofRoutes.get(limits);
    if (limits && !ofRoute) {
      ofRoute = allMeters(limits, ` ${encodeURI(path)}`, owner);
      ofRoutes.set(limits, ofRoute);
    }
    return names.flatMap((name) => {
      const bucket = buckets[name];
      if (bucket === undefined) return [];
      return [...ofSite[name], ...(ofRoute?.[name] ?? [])].map((meter) => ({ meter, bucket }));
    });
  };
}

/** @param owner for the keys; the names in `RateLimit` go without */
function allMeters(limits: CheckedCallLimits, suffix: string, owner?: string): Meters {
  const prefix = owner && `${owner} `;
  const meters = names.map((name) => [name, metersOf(name, limits[name], suffix, prefix)] as const);
  return Object.fromEntries(meters) as unknown as Meters;
}

import { hashBuckets } from '../limits/address.ts';
import type { MeteredCall } from '../limits/leases.ts';
import { type Meter, metersOf } from '../limits/meter.ts';
import type { CallLimits, CheckedCallLimits } from '../policy/types.ts';

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
  // Apart: what anybody may call must not use up what neighbours with a pass need, nor the other way round.
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
  ): MeteredCall['charges'] => {
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

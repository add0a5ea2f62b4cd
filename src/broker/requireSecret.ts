import type { HashedBuckets } from '../limits/address.ts';
import { peekAddress } from '../limits/limiter.ts';
import { enforce } from '../limits/meter.ts';
import { DaypassError } from '../protocol/error.ts';
import { readBearer } from '../token/bearer.ts';
import type { BrokerDependencies, LimitDependencies } from './dependencies.ts';
import { limitAddress, siteIdentifier, unlessStoreIsAway } from './limits.ts';

/** The limits of wrong secrets. */
type SecretLimitName = 'introspectionRefused' | 'maintenanceRefused';

export type SecretDependencies<Name extends SecretLimitName> = Pick<
  BrokerDependencies,
  'provenCallers' | 'privateKeys' | 'now'
> &
  LimitDependencies<Name>;

/** How long a caller is remembered for having sent the right secret. */
const provenSeconds = 600;

/**
 * Requires a secret. Wrong ones count by IP address, in a limit that right ones do not touch. Once that limit is used up,
 * secrets from there are no longer compared, or guessing would go on; except from an address that sent the right one
 * recently, since backends that run in functions share their address with strangers.
 * @param name the limit of wrong secrets
 * @param refusal makes the error for a wrong secret
 * @throws {DaypassError} the refusal; `rate_limited`
 */
export async function requireSecret<Name extends SecretLimitName>(
  broker: SecretDependencies<Name>,
  name: Name,
  caller: HashedBuckets,
  { given, expected }: { given: string; expected: string },
  refusal: () => DaypassError,
): Promise<void> {
  const { hashIdentifier } = broker.privateKeys;
  const now = broker.now();
  const callerKey = `${name} ${caller.address}`;
  const provenUntil = broker.provenCallers.get(callerKey) ?? 0;
  const known = peekAddress(broker.addressLimiters[name], caller);
  if (known && provenUntil <= now) enforce([known]);
  // Hashes are compared, so the time it takes reveals nothing about the secret.
  if ((await hashIdentifier(given)) === (await hashIdentifier(expected))) {
    broker.provenCallers.set(callerKey, now + provenSeconds);
    return;
  }
  await unlessStoreIsAway(limitAddress(broker, name, caller));
  throw refusal();
}

export type MaintenanceDependencies = SecretDependencies<'maintenanceRefused'> &
  LimitDependencies<never, 'maintenance'>;

/**
 * Lets only the owner of the site pass, who can derive the maintenance bearer from the private secret. Works without
 * Redis, as the sweep does.
 * @throws {DaypassError} `token_missing`, `token_malformed`, `maintenance_bearer`, `rate_limited`
 */
export async function requireMaintenance(
  broker: MaintenanceDependencies,
  headers: Headers,
  caller: HashedBuckets,
): Promise<void> {
  const secrets = { given: readBearer({ headers }), expected: await broker.privateKeys.maintenanceBearer() };
  const refusal = () => new DaypassError('maintenance_bearer');
  await requireSecret(broker, 'maintenanceRefused', caller, secrets, refusal);
  const counting = broker.limiters.maintenance.consume(siteIdentifier);
  await unlessStoreIsAway(counting.then(enforce));
}

import { DaypassError } from '../protocol/error.ts';
import { readBearer } from '../token/bearer.ts';
import type { BrokerDependencies } from './dependencies.ts';

/**
 * Lets the owner of the site pass, who can derive the maintenance bearer from the private secret.
 * @throws {DaypassError} `token_missing`, `maintenance_bearer`
 */
export async function requireMaintenance(broker: BrokerDependencies, headers: Headers): Promise<void> {
  const given = readBearer(headers);
  const expected = await broker.privateKeys.maintenanceBearer();
  // Comparing hashes: how long it takes says nothing of the bearer.
  const { hashIdentifier } = broker.privateKeys;
  if ((await hashIdentifier(given)) !== (await hashIdentifier(expected)))
    throw new DaypassError('maintenance_bearer');
}

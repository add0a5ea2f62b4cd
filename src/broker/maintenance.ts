import { DaypassError } from '../protocol/error.ts';
import { readBearer } from '../token/bearer.ts';
import type { BrokerDependencies, Caller } from './dependencies.ts';
import { limitMaintenance, requireSecret } from './limits.ts';

/**
 * Lets the owner of the site pass, who can derive the maintenance bearer from the private secret.
 * @throws {DaypassError} `token_missing`, `token_malformed`, `maintenance_bearer`, `rate_limited`
 */
export async function requireMaintenance(
  broker: BrokerDependencies,
  headers: Headers,
  caller: Caller,
): Promise<void> {
  const secrets = { given: readBearer(headers), expected: await broker.privateKeys.maintenanceBearer() };
  const refusal = () => new DaypassError('maintenance_bearer');
  await requireSecret(broker, 'maintenanceRefused', caller, secrets, refusal);
  await limitMaintenance(broker);
}

import type { StatsResponse } from '../protocol/messages.ts';
import type { BrokerDependencies } from './dependencies.ts';
import { requireMaintenance } from './maintenance.ts';

/**
 * What the gate has counted today and in the seven days before, for the owner of the site.
 * @throws {DaypassError} `token_missing`, `token_malformed`, `maintenance_bearer`, `store_unavailable`
 */
export async function stats(broker: BrokerDependencies, headers: Headers): Promise<StatsResponse> {
  await requireMaintenance(broker, headers);
  return { mode: broker.policy.mode, counts: await broker.readStats() };
}

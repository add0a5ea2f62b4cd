import type { StatsResponse } from '../protocol/messages.ts';
import type { BrokerDependencies } from './dependencies.ts';

/**
 * What the gate has counted today and in the seven days before, for the owner of the site.
 * @throws {DaypassError} `store_unavailable`
 */
export async function stats(broker: BrokerDependencies): Promise<StatsResponse> {
  return { mode: broker.policy.mode, counts: await broker.readStats() };
}

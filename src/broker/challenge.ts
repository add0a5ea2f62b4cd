import type { ChallengeResponse } from '../protocol/messages.ts';
import type { BrokerDependencies, Caller } from './dependencies.ts';
import { limitAddress } from './limits.ts';

/**
 * What the sign-up of a throwaway user makes its proof from.
 * @throws {DaypassError} `rate_limited`, `store_unavailable`
 */
export async function challenge(broker: BrokerDependencies, caller: Caller): Promise<ChallengeResponse> {
  await limitAddress(broker, 'challenge', caller);
  return (await broker.proofMethod?.challenge()) ?? { proof: 'none' };
}

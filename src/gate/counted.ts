import { DaypassError } from '../protocol/error.ts';
import type { Counters } from '../store/counters.ts';

/**
 * Counts it when a step of the gate refuses.
 * @param route its path in the policy, once a route is found
 * @throws what the step throws
 */
export async function counted<T>(
  counters: Counters,
  route: string | undefined,
  step: () => T | Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof DaypassError) counters.add('refused', { code: error.code, route });
    throw error;
  }
}

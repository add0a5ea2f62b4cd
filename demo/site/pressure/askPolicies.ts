import { callApi } from '../lab/calls.ts';
import type { LabKit } from '../lab/kit.ts';
import type { Exchange } from '../wire/exchange.ts';
import type { Stack, StackPositions } from './stack.ts';

/** Where a line of answers comes from: the gate under a policy, or an exchange before and after Redis's return. */
export type Asked = StackPositions['storeFailure'] | 'exchange' | 'return';

export const storePolicies = ['local', 'deny', 'allow'] as const;

/** The gate waits for Redis at the first ones, and has given it up by the last. */
const callsPerPolicy = 4;

/** Longer than the circuit takes to notice that Redis is back. */
const returnTimeoutMilliseconds = 8000;
const pauseMilliseconds = 400;

/**
 * Stops Redis, calls the gate under each policy that can be had and tries an exchange, starts Redis, and finishes the
 * exchange. The stack is left as it was found, whatever happens.
 * @param tell told of each line as soon as it is there
 * @throws {SetupError} no pass could be had
 */
export async function askPolicies(
  stack: Pick<Stack, 'state' | 'change' | 'during'>,
  kit: LabKit,
  tell: (asked: Asked, calls: readonly Exchange[]) => void,
): Promise<void> {
  await stack.during(async () => {
    // A pass needs Redis, also where the visitor has stopped it.
    if (stack.state.redis === 'stopped') await stack.change({ redis: 'running' });
    const pass = await kit.freshPass();
    const identityToken = await kit.identityToken();
    await stack.change({ redis: 'stopped' });
    const { canSwitch, policy } = stack.state;
    for (const storeFailure of canSwitch ? storePolicies : [policy.storeFailure]) {
      // Monitor mode lets through what the policy would refuse.
      if (canSwitch) await stack.change({ storeFailure, mode: 'enforce' });
      const calls: Exchange[] = [];
      while (calls.length < callsPerPolicy) calls.push(await callApi(kit, pass));
      tell(storeFailure, calls);
    }
    tell('exchange', [await kit.exchange(identityToken)]);
    await stack.change({ redis: 'running' });
    // So that no user stays behind.
    tell('return', await untilGranted(() => kit.exchange(identityToken)));
  });
}

/** @returns all tries */
async function untilGranted(exchange: () => Promise<Exchange>): Promise<Exchange[]> {
  const startedAt = performance.now();
  const tries = [await exchange()];
  while (tries.at(-1)?.answer.status === 503 && performance.now() - startedAt < returnTimeoutMilliseconds) {
    await new Promise((end) => setTimeout(end, pauseMilliseconds));
    tries.push(await exchange());
  }
  return tries;
}

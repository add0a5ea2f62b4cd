import { setImmediate } from 'node:timers/promises';

/**
 * Runs a task many times, some at once.
 * @param atOnce how many run at any moment
 * @returns what each gave, in order
 */
export async function inParallel<T>(
  times: number,
  atOnce: number,
  task: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < times; index = next++) {
      results[index] = await task(index);
      // Tasks that wait for nothing would leave no time for those that wait for the network.
      await setImmediate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, times) }, work));
  return results;
}

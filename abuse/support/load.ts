import type { Context } from './measure.ts';

/** What a load came to. */
export interface Load {
  calls: number;
  /** Calls a second, as they were sent. */
  rate: number;
}

const tickMilliseconds = 5;

/**
 * Starts a task so many times a second, however long each takes.
 * @param perSecond a few more are started, so that the rate is reached
 * @returns ends it, once all that was started is done
 */
export function startLoad(
  context: Context,
  perSecond: number,
  task: () => Promise<unknown>,
): () => Promise<Load> {
  const running: Promise<unknown>[] = [];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const timer = setInterval(() => {
    const due = Math.ceil(elapsed() * perSecond * 1.02);
    while (running.length < due) {
      const call = task();
      // Notifies what awaits the end.
      call.catch(() => undefined);
      running.push(call);
    }
  }, tickMilliseconds);
  context.defer(() => clearInterval(timer));
  return async () => {
    clearInterval(timer);
    const rate = running.length / elapsed();
    await Promise.all(running);
    return { calls: running.length, rate };
  };
}

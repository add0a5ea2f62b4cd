import { AsyncLocalStorage } from 'node:async_hooks';
import type { Worker } from 'node:worker_threads';

/** How long an answer that a worker sent in its last moments may take to arrive, in milliseconds. */
const lastWordsMs = 1000;

export interface WorkerTracker {
  /** Runs a task; it fails when a worker started by it has ended and the task has not, soon after. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Ends the workers that still live, and fails the tasks that wait for them. */
  close(): Promise<void>;
}

/**
 * Netlify's emulator starts one worker a call and loses sight of it: one that dies without a word leaves its
 * caller waiting for ever, and one that holds a socket open outlives the emulator. This keeps sight of them.
 */
export function trackWorkers(): WorkerTracker {
  const tasks = new AsyncLocalStorage<(reason: Error) => void>();
  const live = new Set<Worker>();
  let isClosing = false;

  const onWorker = (worker: Worker) => {
    const fail = tasks.getStore();
    if (!fail) return;
    live.add(worker);
    worker.once('exit', (code) => {
      live.delete(worker);
      if (isClosing) fail(new Error('the emulator was closed'));
      else {
        const report = () => fail(new Error(`it ended, with exit code ${code}, before it answered`));
        setTimeout(report, lastWordsMs).unref();
      }
    });
  };
  process.on('worker', onWorker);

  return {
    run(task) {
      return new Promise((resolve, reject) => {
        tasks.run(reject, task).then(resolve, reject);
      });
    },
    async close() {
      isClosing = true;
      process.off('worker', onWorker);
      await Promise.all([...live].map((worker) => worker.terminate()));
    },
  };
}

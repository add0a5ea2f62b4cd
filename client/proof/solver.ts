import type { Solution } from 'altcha-lib/types';
import { solve, type Task } from './solve.ts';

/** What a solver posts: how far it is, and at the end what it found or why it could not. */
export type SolverMessage = { tries: number } | { solution: Solution | null } | { error: string };

// A module worker: takes one task and answers.
addEventListener('message', async ({ data }: MessageEvent<Task>) => {
  const post = (message: SolverMessage) => postMessage(message);
  try {
    post({ solution: await solve(data, (tries) => post({ tries })) });
  } catch (error) {
    post({ error: `${error}` });
  }
});

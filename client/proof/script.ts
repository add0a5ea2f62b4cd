import type { Prove } from '../options.ts';
import { createProve } from './createProve.ts';
import { trustedScriptUrl } from './trustedTypes.ts';

/** `prove` of `daypass-proof.js`: its solver is the file next to it, `daypass-solver.js`. */
export const prove: Prove = createProve(
  () =>
    new Worker(trustedScriptUrl(new URL('./daypass-solver.js', import.meta.url).href), { type: 'module' }),
);

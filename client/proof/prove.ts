import type { Prove } from '../options.ts';
import { createProve } from './createProve.ts';
import { trustedScriptUrl } from './trustedTypes.ts';

/**
 * Makes the proof that the site requires: `createSession({ prove })`. Work is done in workers, so that the page
 * stays quick; where none can be had (in a service worker, by the page's Content-Security-Policy, where the solver's file
 * is not served) it is done in place, in slices of some milliseconds.
 * @returns undefined when the site requires none
 * @throws SessionError of the request for the challenge; `proof_expired` when two challenges in a row expired before
 *   they were solved; `proof_failed` and `turnstile_unavailable`, whose `reason` says more
 * @example
 * ```ts
 * import { createSession } from 'daypass';
 * import { prove } from 'daypass/proof';
 *
 * const session = createSession({ prove });
 * ```
 */
export const prove: Prove = createProve(() => {
  try {
    // In these words, to the letter, bundlers find the worker; some make its URL a trusted one.
    return new Worker(new URL('./solver.js', import.meta.url), { type: 'module' });
  } catch {
    // And in these they find none, to bundle it twice.
    const here = import.meta.url;
    return new Worker(trustedScriptUrl(new URL('./solver.js', here).href), { type: 'module' });
  }
});

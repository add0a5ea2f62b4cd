import { createSession, type Prove, type Session, type TokenStorage } from '../../../client/index.ts';

/** Finds nothing, so that a session begins with a sign-up; keeps the new pass where the page’s own session finds it. */
const keepOnly: TokenStorage = {
  getItem: () => null,
  setItem: (key, value) => localStorage.setItem(key, value),
  removeItem: (key) => localStorage.removeItem(key),
};

/** A visitor who comes for the first time: each token of this session is that of a new sign-up. */
export function newVisitor(prove: Prove | undefined): Session {
  return createSession({ storage: keepOnly, prove });
}

/** The proof build of the script tag, with its worker beside it: loaded when it is first needed. */
const modulePath = '/daypass-proof.js';

/** Makes the proof that the site asks for, if any. */
export const solve: Prove = async (context) => {
  const module = (await import(modulePath)) as { prove: Prove };
  return module.prove(context);
};

/** Makes a proof only where one is asked for: asking takes a request before each sign-up. */
export function solveWhen(isAskedFor: () => boolean): Prove {
  return async (context) => (isAskedFor() ? solve(context) : undefined);
}

/** Which solution a proof of work holds: they are tried in order, from 0. Undefined for a proof of another kind. */
export function triesOf(proof: string): number | undefined {
  try {
    const { counter } = (JSON.parse(atob(proof)) as { solution: { counter: unknown } }).solution;
    return Number.isSafeInteger(counter) ? Number(counter) + 1 : undefined;
  } catch {
    return undefined;
  }
}

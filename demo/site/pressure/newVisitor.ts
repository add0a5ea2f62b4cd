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

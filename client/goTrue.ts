// biome-ignore assist/source/organizeImports: it has to look at the page before gotrue-js changes it
import { restoreGoTrue } from './globalGoTrue.ts';
import GoTrue from 'gotrue-js';

restoreGoTrue();

/** What of gotrue-js is used: its transport. `login()` and `User` would sign the page's own member out. */
export type Identity = GoTrue['api'];

/** @param identityUrl where Identity answers */
export function openIdentity(identityUrl: string): Identity {
  const { api } = new GoTrue({ APIUrl: identityUrl, setCookie: false });
  // It names gotrue-js in a field that no answer to a preflight allows, should Identity be on another origin.
  api.defaultHeaders = {};
  return api;
}

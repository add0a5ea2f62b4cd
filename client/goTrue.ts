// biome-ignore assist/source/organizeImports: it has to look at the page before gotrue-js changes it
import { restoreGoTrue } from './globalGoTrue.ts';
import GoTrue from 'gotrue-js';

restoreGoTrue();

/** What of gotrue-js is used: its transport. `login()` and `User` would sign the page's own member out. */
export interface Identity {
  /** @param options handed on to `fetch`, all of them */
  request<Answer>(path: string, options: RequestOptions): Promise<Answer>;
}

interface RequestOptions {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

/** @param identityUrl where Identity answers */
export function openIdentity(identityUrl: string): Identity {
  const { api } = new GoTrue({ APIUrl: identityUrl, setCookie: false });
  // It names gotrue-js in a field that no answer to a preflight allows, should Identity be on another origin.
  api.defaultHeaders = {};
  return api;
}

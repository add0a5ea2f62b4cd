/** What of a Trusted Types policy is used (W3C Trusted Types, §2.3). */
interface ScriptPolicy {
  /** @returns a TrustedScriptURL; the DOM's types take it for a string, as the DOM takes both */
  createScriptURL(url: string): string;
}

interface Globals {
  [shared]?: ScriptPolicy;
  trustedTypes?: {
    createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
  };
}

/** Where copies of this module find what the first one made: a page's policy may allow the name once. */
const shared = Symbol.for('daypass.trustedTypes');

/** What a Content-Security-Policy that has `trusted-types` must name there. */
export const trustedTypesRemedy = 'Content-Security-Policy needs trusted-types daypass';

export const turnstileScriptUrl = 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit';

/**
 * Vouches for the URL of a script, by the policy `daypass`, under
 * `require-trusted-types-for 'script'`.
 * @param url absolute: Turnstile's, or one of the page's own origin, as every worker's is
 * @returns the URL as it is where there are no Trusted Types, or the page's policy allows none of this name: then
 *   using it may be refused
 * @throws TypeError for any other URL
 */
export function trustedScriptUrl(url: string): string {
  return findPolicy()?.createScriptURL(url) ?? url;
}

function findPolicy(): ScriptPolicy | undefined {
  const page = globalThis as Globals;
  try {
    if (page.trustedTypes) page[shared] ??= page.trustedTypes.createPolicy('daypass', { createScriptURL });
  } catch {
    // The name is not allowed, or was taken by something else.
  }
  return page[shared];
}

function createScriptURL(url: string): string {
  if (url === turnstileScriptUrl || url.startsWith(`${location.origin}/`)) return url;
  throw new TypeError(`Daypass: not a script of its own: ${url}`);
}

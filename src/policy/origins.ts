import type { Checks } from './checks.ts';

/**
 * A scheme of an app's or a browser's own, and a host: `capacitor://localhost`, `app://-`. URL's `origin` is `null` for
 * these, but web views send them as they are, and so they are compared as text.
 */
const appOrigin = /^[a-z][a-z0-9+.-]*:\/\/[\w.~-]+(:\d{1,5})?$/;

/** Schemes of whose addresses no browser makes an `Origin`. */
const neverSent = /^(https?|wss?|ftp|file|blob|data|about|javascript):/i;

/** Which hosts there can be, where a browser chooses them. */
const extensionHosts: Readonly<Record<string, { form: RegExp; problem: string }>> = {
  'chrome-extension': {
    form: /^[a-p]{32}$/,
    problem:
      'the id of an extension is 32 letters from a to p: chrome://extensions shows it in developer mode',
  },
  'moz-extension': {
    form: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    problem: 'the host is the UUID of one installation: about:debugging shows it',
  },
  'safari-web-extension': {
    form: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    problem: 'the host is the UUID of one installation: location.origin of its pages shows it',
  },
};

/**
 * Checks one of `origins`, as pages send it in `Origin` (Fetch standard): of a web site, of an app or a browser extension,
 * or `null`. What no page would ever send is a mistake that nobody would notice.
 * @returns it, as it stands
 */
export function checkPageOrigin(checks: Checks, value: string): string {
  if (value === 'null') return value;
  const problem = typeof value === 'string' ? problemOf(value) : undefined;
  if (problem !== undefined) checks.that(false, `origins: ${problem}`);
  else if (typeof value !== 'string' || neverSent.test(value) || !appOrigin.test(value))
    checks.origin('origins', value);
  return value;
}

/** What is wrong with a text that looks like more than a web site gone wrong; undefined where nothing is known to be. */
function problemOf(value: string): string | undefined {
  if (value.includes('*'))
    return '* stands for nothing here; list each origin, such as https://app.example.com';
  if (/^file:/i.test(value)) {
    return "file:// stands for every file of the visitor's device; serve the page, or give the app a scheme of its own";
  }
  const scheme = /^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(value)?.[0];
  if (scheme === undefined || neverSent.test(value)) return undefined;
  if (scheme !== scheme.toLowerCase()) return `${value}: write the scheme in lower case, as browsers do`;
  const extension = extensionHosts[scheme];
  const host = value.slice(scheme.length + 3);
  return extension && !extension.form.test(host) ? `${value}: ${extension.problem}` : undefined;
}

import { isRecord, unknownKeys } from '../protocol/knownKeys.ts';
import { isScope } from '../protocol/messages.ts';
import { type DeployContext, deployContexts } from '../protocol/wire.ts';

/** RFC 9110 §5.6.2: token. */
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Collects problems, so that one run of the site shows all of them. */
export class Checks {
  readonly problems: string[] = [];

  that(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  /**
   * Checks that a value is an object with known fields only.
   * @param known omitted if the site's owner chooses the names
   * @returns undefined if it is not an object
   */
  object<T>(at: string, value: T, known?: readonly string[]): T | undefined {
    if (!isRecord(value)) {
      this.problems.push(`${at}: must be an object`);
      return undefined;
    }
    if (known) this.problems.push(...unknownKeys(value, known).map((problem) => `${at}: ${problem}`));
    return value;
  }

  boolean(at: string, value: boolean): boolean {
    this.that(typeof value === 'boolean', `${at}: must be true or false`);
    return value;
  }

  list<T>(at: string, value: readonly T[]): readonly T[] {
    this.that(Array.isArray(value), `${at}: must be a list`);
    return Array.isArray(value) ? [...value] : [];
  }

  oneOf<T extends string>(at: string, value: T, allowed: readonly T[]): T {
    this.that(allowed.includes(value), `${at}: must be one of ${allowed.join(', ')}`);
    return value;
  }

  number(at: string, value: number, min: number, max: number): void {
    const fits = typeof value === 'number' && value >= min && value <= max;
    this.that(fits, `${at}: must be a number from ${min} to ${max}`);
  }

  /** @returns whether it is valid, and so can be compared with another */
  wholeNumber(at: string, value: number, min: number, max: number): boolean {
    const fits = Number.isInteger(value) && value >= min && value <= max;
    this.that(fits, `${at}: must be a whole number from ${min} to ${max}`);
    return fits;
  }

  /** Checks a text against a pattern. @returns whether it matches */
  text(at: string, value: string, form: RegExp, problem: string): boolean {
    const fits = typeof value === 'string' && form.test(value);
    this.that(fits, `${at}: ${problem}`);
    return fits;
  }

  variable(at: string, value: string): boolean {
    return this.text(
      at,
      value,
      /^[A-Z][A-Z0-9_]*$/,
      'name an environment variable such as DAYPASS_SECRET, never the value itself',
    );
  }

  scope(at: string, value: string): boolean {
    const fits = isScope(value);
    this.that(fits, `${at}: a scope is printable ASCII without space, quote or backslash`);
    return fits;
  }

  domain(at: string, value: string): boolean {
    const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
    const form = new RegExp(`^${label}(\\.${label})+$`, 'i');
    return this.text(at, value, form, 'must be a domain name such as visitor.invalid');
  }

  /** An origin as browsers send it: scheme, host and port. Plain http is allowed on this machine only. */
  origin(at: string, value: string): string {
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
    const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal(url.hostname));
    this.that(
      url?.origin === value && secure,
      `${at}: must be an https origin such as https://example.com, without path or trailing slash`,
    );
    return value;
  }

  headerName(at: string, value: string): boolean {
    return this.text(at, value, headerName, 'must hold names of header fields');
  }

  deployContexts(value: readonly DeployContext[]): readonly DeployContext[] {
    const list = this.list('deployContexts', value);
    for (const name of list) this.oneOf('deployContexts', name, deployContexts);
    this.that(value?.length !== 0, 'deployContexts: name at least one, or leave the field out');
    return list;
  }
}

function isLocal(hostname: string): boolean {
  // RFC 6761 §6.3: every name under localhost.
  return /(^|\.)localhost$/.test(hostname) || hostname === '127.0.0.1' || hostname === '[::1]';
}

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
 * or `null`. A value that no page would ever send is a mistake that would go unnoticed.
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

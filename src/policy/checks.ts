import { type DeployContext, deployContexts } from '../protocol/deployContext.ts';
import { isRecord, unknownKeys } from '../protocol/knownKeys.ts';

/** RFC 9110 §5.6.2: token. */
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Collects what is wrong, so that one run of the site shows every problem at once. */
export class Checks {
  readonly problems: string[] = [];

  that(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  /**
   * An object that holds known fields alone.
   * @param known left out where its owner chooses the names
   * @returns undefined where it is no object: then there is nothing in it to read
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

  number(at: string, value: number, least: number, most: number): void {
    const fits = typeof value === 'number' && value >= least && value <= most;
    this.that(fits, `${at}: must be a number from ${least} to ${most}`);
  }

  /** @returns whether it fits, and so may be compared with another */
  wholeNumber(at: string, value: number, least: number, most: number): boolean {
    const fits = Number.isInteger(value) && value >= least && value <= most;
    this.that(fits, `${at}: must be a whole number from ${least} to ${most}`);
    return fits;
  }

  /** A text of a certain form. @returns whether it is one */
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

  /** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
  scope(at: string, value: string): boolean {
    return this.text(
      at,
      value,
      /^[\x21\x23-\x5b\x5d-\x7e]+$/,
      'a scope is printable ASCII without space, quote or backslash',
    );
  }

  domain(at: string, value: string): boolean {
    const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
    const form = new RegExp(`^${label}(\\.${label})+$`, 'i');
    return this.text(at, value, form, 'must be a domain name such as visitor.invalid');
  }

  /** An origin as browsers send it: scheme, host and port, nothing behind. Plain http on this machine alone. */
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

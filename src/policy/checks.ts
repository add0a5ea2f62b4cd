import { type DeployContext, deployContexts } from '../protocol/deployContext.ts';
import { isForbiddenHeader } from './forbiddenHeaders.ts';

/** Collects what is wrong, so that one run of the site shows every problem at once. */
export class Checks {
  readonly problems: string[] = [];

  that(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  knownKeys(at: string, value: object, known: readonly string[]): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push(`${at}: must be an object`);
      return;
    }
    for (const key of Object.keys(value)) {
      this.that(known.includes(key), `${at}: ${key} is unknown; the fields are ${known.join(', ')}`);
    }
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

  wholeNumber(at: string, value: number, least: number, most: number): void {
    const fits = Number.isInteger(value) && value >= least && value <= most;
    this.that(fits, `${at}: must be a whole number from ${least} to ${most}`);
  }

  variable(at: string, value: string): void {
    this.that(
      typeof value === 'string' && /^[A-Z][A-Z0-9_]*$/.test(value),
      `${at}: name an environment variable such as DAYPASS_SECRET, never the value itself`,
    );
  }

  /** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
  scope(at: string, value: string): void {
    this.that(
      typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
      `${at}: a scope is printable ASCII without space, quote or backslash`,
    );
  }

  domain(at: string, value: string): void {
    const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
    this.that(
      typeof value === 'string' && new RegExp(`^${label}(\\.${label})+$`, 'i').test(value),
      `${at}: must be a domain name such as visitor.invalid`,
    );
  }

  /** An origin as browsers send it: scheme, host and port, nothing behind. Plain http on this machine alone. */
  origin(at: string, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal(url.hostname));
    this.that(
      url?.origin === value && secure,
      `${at}: must be an https origin such as https://example.com, without path or trailing slash`,
    );
    return value;
  }

  requestHeader(at: string, value: string): void {
    const isName = typeof value === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value);
    this.that(isName, `${at}: must hold names of header fields`);
    if (isName) this.that(!isForbiddenHeader(value), `${at}: ${value} must not reach an upstream`);
  }

  deployContexts(value: readonly DeployContext[] | undefined): readonly DeployContext[] | undefined {
    if (value === undefined) return undefined;
    const list = this.list('deployContexts', value);
    for (const name of list) this.oneOf('deployContexts', name, deployContexts);
    this.that(list.length > 0, 'deployContexts: name at least one, or leave the field out');
    return list;
  }
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

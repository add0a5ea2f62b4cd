import { ConfigurationError } from '../protocol/error.ts';
import { Checks } from './checks.ts';
import type {
  CallLimits,
  CallTerms,
  CheckedCallLimits,
  CheckedLimits,
  CheckedRoute,
  CheckedWindows,
  Limit,
  Limits,
  LimitWindows,
} from './types.ts';

/**
 * For requests that cost a stranger nothing. Short, so that an honest caller behind the same address waits 5 s at most.
 * Fixed, because a flood that never ends would fill a sliding window for ever.
 */
const free = { limit: 600, windowSeconds: 5, algorithm: 'fixed-window' } as const;

/** The default limits. `docs/limits.md` gives the reason for each number. */
export const defaultLimits = {
  exchange: { limit: 300, windowSeconds: 60 },
  exchangeRefused: free,
  site: { limit: 9000, windowSeconds: 60 },
  renewal: { limit: 20, windowSeconds: 300 },
  revoke: free,
  introspection: { limit: 60_000, windowSeconds: 60 },
  introspectionRefused: { limit: 30, windowSeconds: 60 },
  maintenance: { limit: 120, windowSeconds: 60 },
  maintenanceRefused: { limit: 30, windowSeconds: 60 },
  session: { limit: 60, windowSeconds: 60 },
  address: { limit: 6000, windowSeconds: 60 },
  network: { limit: 60_000, windowSeconds: 60 },
  status: { limit: 30, windowSeconds: 60 },
  challenge: free,
  signup: { limit: 300, windowSeconds: 60 },
  login: { limit: 600, windowSeconds: 60 },
  leaseSeconds: 1,
} as const satisfies Limits;

const callLimitNames = ['session', 'address', 'network', 'total'] as const satisfies (keyof CallLimits)[];

const monthSeconds = 30 * 86_400;

/** Where nothing is limited. */
export const noCallLimits: CheckedCallLimits = { session: [], address: [], network: [], total: [] };

/** Checks `limits` and fills in their defaults. */
export function checkLimits(checks: Checks, input: Partial<Limits>): CheckedLimits {
  const given: Partial<Limits> =
    checks.object('limits', input, [...Object.keys(defaultLimits), 'total']) ?? {};
  const { session, address, network, leaseSeconds: usualLease, ...ofBroker } = defaultLimits;
  const calls = checkCallLimits(checks, 'limits', { session, address, network, ...withoutUndefined(given) });
  const others = Object.entries<Limit>(ofBroker).map(([name, usual]) => {
    const { [name as keyof typeof ofBroker]: limit = usual } = given;
    return [name, checkWindows(checks, `limits.${name}`, limit, usual.algorithm)];
  });
  const { leaseSeconds = usualLease } = given;
  checkLeaseSeconds(checks, 'limits.leaseSeconds', leaseSeconds);
  return { ...(Object.fromEntries(others) as CheckedLimits), ...calls, leaseSeconds };
}

function checkLeaseSeconds(checks: Checks, at: string, leaseSeconds: number): void {
  const fits =
    typeof leaseSeconds === 'number' && (leaseSeconds === 0 || (leaseSeconds >= 0.5 && leaseSeconds <= 60));
  checks.that(fits, `${at}: must be 0, or a number from 0.5 to 60: a lease must outlive the way to Redis`);
}

/**
 * Checks limits of calls.
 * @param input of which only the four are read
 * @param besideSessions windows elsewhere that count the same sessions' calls
 * @returns the windows of each, shortest first; none of what is not set
 */
function checkCallLimits(
  checks: Checks,
  at: string,
  input: Partial<CallLimits>,
  besideSessions: CheckedWindows = [],
): CheckedCallLimits {
  const checked = callLimitNames.map((name) => {
    const given = input[name];
    return [name, given === undefined ? [] : checkWindows(checks, `${at}.${name}`, given)] as const;
  });
  const limits = Object.fromEntries(checked) as CheckedCallLimits;
  checkCeilings(checks, `${at}.total`, limits.total, [...limits.session, ...besideSessions]);
  return limits;
}

/**
 * Checks that one session's burst, the most that its own limits allow at once, does not use up a ceiling: one visitor
 * would shut the door on all.
 * @param sessions the windows of every limit that counts one session's calls
 */
function checkCeilings(checks: Checks, at: string, total: CheckedWindows, sessions: CheckedWindows): void {
  const burst = Math.min(...sessions.map(({ limit }) => limit));
  for (const { limit, windowSeconds } of sessions.length === 0 ? [] : total) {
    checks.that(
      limit >= burst,
      `${at}: ${limit} in ${windowSeconds} s is below one session's ${burst}, so one visitor shuts the door on all`,
    );
  }
}

/**
 * Checks `limits` of a route: all four names, none with a default.
 * @param besideSessions the site's windows that count the same sessions' calls
 */
export function checkRouteLimits(
  checks: Checks,
  at: string,
  input: Partial<CallLimits> = {},
  besideSessions: CheckedWindows = [],
): CheckedCallLimits {
  return checkCallLimits(checks, at, checks.object(at, input, callLimitNames) ?? {}, besideSessions);
}

/** The price of calls, and a function's or a backend's own limits for them. */
export interface OwnLimits {
  /** Names the limits below and distinguishes them from others. */
  name?: string | undefined;
  /** Limits of its own, each one window or several. They need a `name`. Default: none. */
  limits?: (Partial<CallLimits> & Partial<Pick<Limits, 'leaseSeconds'>>) | undefined;
  /**
   * What a call takes from each limit that counts it: a whole number from 1, default 1. `{ answer: 'daypass-cost' }`: the
   * handler names the price in that header field of its answer. It is charged then, and the field goes no further; until
   * then, and where it names none, a call costs 1.
   */
  cost?: number | { readonly answer: string } | undefined;
}

/** The terms of a function's or a backend's calls, with their windows filled in. */
export interface OwnTerms extends CallTerms {
  readonly limits: CheckedCallLimits;
  readonly leaseSeconds: number;
  readonly cost: CheckedRoute['cost'];
  readonly owner: 'function' | 'backend';
}

/**
 * Checks limits of a function or of a backend.
 * @param what stands first in each problem, such as `protect`
 * @param siteLimits those of the site, which count the same calls; undefined where no site's do
 * @throws {ConfigurationError} a TypeError: every problem, in the words of a policy's
 */
export function checkOwnLimits(
  what: string,
  { name, limits: input, cost = 1 }: OwnLimits,
  siteLimits?: CheckedCallLimits,
): OwnTerms {
  const checks = new Checks();
  const at = `${what}: limits`;
  // Leases are the policy's to set.
  const known = siteLimits ? callLimitNames : [...callLimitNames, 'leaseSeconds'];
  const given = input === undefined ? undefined : checks.object(at, input, known);
  const limits = checkCallLimits(checks, at, given ?? {}, siteLimits?.session);
  const { leaseSeconds = defaultLimits.leaseSeconds } = given ?? {};
  checkLeaseSeconds(checks, `${at}.leaseSeconds`, leaseSeconds);
  checkCost(checks, `${what}: cost`, { cost, limits, verify: true }, siteLimits ?? noCallLimits);
  if (name !== undefined || input !== undefined) {
    const form = /^[\w./-]{1,64}$/;
    checks.text(`${what}: name`, name as string, form, 'name what the limits are of, such as chat');
  }
  if (checks.problems.length > 0) throw new ConfigurationError(checks.problems);
  const owner = siteLimits ? 'function' : 'backend';
  return { limits, leaseSeconds, cost, owner, ...(name !== undefined && { path: name }) };
}

/** Checks what a call costs: no more than the smallest limit that counts it. */
export function checkCost(
  checks: Checks,
  at: string,
  { cost, limits, verify }: Pick<CheckedRoute, 'cost' | 'limits' | 'verify'>,
  siteLimits: CheckedCallLimits,
): void {
  if (typeof cost === 'object' && cost !== null) {
    const { answer } = checks.object(at, cost, ['answer']) ?? {};
    checks.text(
      `${at}.answer`,
      answer as string,
      // The field is removed from the answer.
      /^(?!(content-|access-control-|cache-control$|date$|etag$|location$|ratelimit|retry-after$|set-cookie$|vary$|www-authenticate$))[a-z0-9-]{1,64}$/i,
      'name a header field of the answer that means nothing else, such as daypass-cost',
    );
    return;
  }
  if (!checks.wholeNumber(at, cost, 1, 1_000_000)) return;
  const ofSite = verify ? siteLimits : { ...siteLimits, session: [] };
  const smallest = Math.min(smallestLimit(limits), smallestLimit(ofSite));
  checks.that(
    cost <= smallest,
    `${at}: ${cost} is above a limit that counts these calls (${smallest}), so none can pass`,
  );
}

/** The smallest limit that counts a call. Its cost must fit. */
function smallestLimit(limits: CheckedCallLimits): number {
  const all = callLimitNames.flatMap((name) => limits[name].map(({ limit }) => limit));
  return Math.min(Number.POSITIVE_INFINITY, ...all.filter(Number.isFinite));
}

/** @returns the windows of one limit, the shortest first */
function checkWindows(
  checks: Checks,
  at: string,
  input: LimitWindows,
  usualAlgorithm?: Limit['algorithm'],
): CheckedWindows {
  if (!Array.isArray(input))
    return [checkLimit(checks, at, input as Limit, usualAlgorithm)].filter((limit) => limit !== undefined);
  checks.that(input.length > 0, `${at}: name at least one window, or leave it out`);
  const windows = input
    .map((limit: Limit, index) => checkLimit(checks, `${at}[${index}]`, limit, usualAlgorithm))
    .filter((limit) => limit !== undefined)
    .sort((one, other) => one.windowSeconds - other.windowSeconds);
  for (const [index, longer] of windows.entries()) {
    const shorter = windows[index - 1];
    if (!shorter) continue;
    const other = `${longer.limit} in ${longer.windowSeconds} s`;
    const short = `${shorter.limit} in ${shorter.windowSeconds} s`;
    // As many windows as fit into the longer one, plus the one in which it begins.
    const max = shorter.limit * (Math.ceil(longer.windowSeconds / shorter.windowSeconds) + 1);
    if (longer.windowSeconds === shorter.windowSeconds) {
      checks.that(false, `${at}: has two windows of ${longer.windowSeconds} s; keep the stricter one`);
    } else if (longer.limit <= shorter.limit) {
      checks.that(false, `${at}: ${short} can never bind, given ${other}`);
    } else checks.that(longer.limit < max, `${at}: ${other} can never bind, given ${short}`);
  }
  return windows;
}

function checkLimit(
  checks: Checks,
  at: string,
  input: Limit,
  usualAlgorithm: Limit['algorithm'] = 'sliding-window',
): Required<Limit> | undefined {
  const given = checks.object(at, input, ['limit', 'windowSeconds', 'algorithm']);
  if (!given) return undefined;
  const { limit, windowSeconds, algorithm = usualAlgorithm } = given;
  checks.wholeNumber(`${at}.limit`, limit, 1, 1_000_000_000);
  checks.wholeNumber(`${at}.windowSeconds`, windowSeconds, 1, monthSeconds);
  checks.oneOf(`${at}.algorithm`, algorithm, ['sliding-window', 'fixed-window']);
  return { limit, windowSeconds, algorithm };
}

function withoutUndefined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}

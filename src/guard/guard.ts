import { hashBuckets } from '../limits/address.ts';
import {
  type AddressLimiters,
  type CreateLimiter,
  consumeAddress,
  createAddressLimiters,
  peekAddress,
} from '../limits/limiter.ts';
import { createLocalLimiters } from '../limits/localLimiter.ts';
import { enforce } from '../limits/meter.ts';
import { createSmallBodies, type RequestBodies } from '../limits/requestBodies.ts';
import { foldPath, readPath } from '../paths/readPath.ts';
import type { Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { identityPath } from '../protocol/wire.ts';
import type { Circuit } from '../store/circuit.ts';
import { isStoreUnavailable } from '../store/redis.ts';

export type GuardLimiters = Readonly<Record<'signup' | 'login', AddressLimiters>>;

export interface GuardDependencies {
  hashIdentifier(identifier: string): Promise<string>;
  limiters: GuardLimiters;
  /** In this instance's memory, for when Redis is unavailable. */
  localLimiters: GuardLimiters;
  circuit: Pick<Circuit, 'run'>;
  bodies: RequestBodies;
  /** Whether the site has no members, so that no user may change their own data. */
  membersDenied: boolean;
  /** GoTrue's audience in the policy; empty for none. */
  audience: string;
  log: Log;
}

export interface Guard {
  /**
   * Checks a request before Identity gets it; returns if it may go on, unchanged.
   * @param endpoint see `endpointOf`
   * @param caller.address the caller's IP address, as the platform reports it; header fields are ignored
   * @throws {DaypassError} `path_refused`, `audience_refused`, `members_denied`, `body_too_large`, `request_timeout`,
   * `body_budget_exhausted`, `rate_limited`; `malformed_request` if the caller aborted. Any other error is a fault of the
   * guard: the checks that were still possible have passed, the body is whole, and the request should go on.
   */
  (request: Request, endpoint: string | undefined, caller: { address: string | undefined }): Promise<void>;
  /** Writes what was counted about Redis, for `waitUntil`; absent for a guard without Redis. */
  flush?(): Promise<void>;
}

/** The limit that counts a POST to an endpoint; Identity accepts no other method there. */
const limitOf: Readonly<Record<string, keyof GuardLimiters>> = { '/signup': 'signup', '/token': 'login' };

/** Whether sign-ups or log-ins are counted at an endpoint. */
export function isLimited(endpoint: string): boolean {
  return Object.hasOwn(limitOf, endpoint);
}

/** Far more than a member's metadata needs. */
const maxBytes = 32 * 1024;

/**
 * Protects Identity from floods without getting in members' way: it only limits sign-ups and log-ins, per IP address. It never
 * relies on the body, whose member names Go matches without case. If Redis is unavailable, each instance counts by itself.
 */
export function createGuard(dependencies: GuardDependencies): Guard {
  const { hashIdentifier, limiters, localLimiters, circuit, bodies, membersDenied, audience, log } =
    dependencies;
  let isUnknownLogged = false;

  async function count(name: keyof GuardLimiters, address: string | undefined): Promise<void> {
    const buckets = await hashBuckets(hashIdentifier, address);
    // One shared limit for all callers without an IP address would lock members out together.
    if (!buckets.isKnown) {
      if (!isUnknownLogged) log('address_unknown', { effect: 'sign-ups without an address are not counted' });
      isUnknownLogged = true;
      return;
    }
    // Outside the circuit, which would take a remembered refusal for an answer of Redis.
    const known = peekAddress(limiters[name], buckets);
    if (known) enforce([known]);
    let fault: unknown;
    const refunds: Promise<void>[] = [];
    const decisions = await circuit
      .run(() => consumeAddress(limiters[name], buckets, (refund) => refunds.push(refund)))
      .catch((error) => {
        if (!isStoreUnavailable(error)) fault = error;
        // A fault of our own must not let a flood through either.
        return consumeAddress(localLimiters[name], buckets);
      });
    // A second round trip, outside the circuit, which would take two slow ones for an outage.
    await Promise.all(refunds);
    enforce(decisions);
    if (fault !== undefined) throw fault;
  }

  return async (request, endpoint, caller) => {
    // A preflight has no effect (Fetch standard, CORS-preflight request).
    if (request.method === 'OPTIONS') return checkBody(request, bodies);
    if (endpoint === undefined) {
      throw new DaypassError('path_refused', { detail: 'The path may be read in more than one way.' });
    }
    checkAudience(request, endpoint, audience);
    // A throwaway user with another e-mail would be a member, and no event reports that change.
    if (membersDenied && endpoint === '/user' && request.method !== 'GET') {
      throw new DaypassError('members_denied', { detail: 'Users of this site have no data to change.' });
    }
    const name = limitOf[endpoint];
    // Before the body is read, so that too large and endless ones count too.
    let fault: unknown;
    if (request.method === 'POST' && name !== undefined) {
      await count(name, caller.address).catch((error: unknown) => {
        if (error instanceof DaypassError) throw error;
        fault = error;
      });
    }
    // GoTrue reads bodies of any size and stores them: 14 MB of metadata come back with every list of users.
    await checkBody(request, bodies);
    if (fault !== undefined) throw fault;
  };
}

export function createGuardLimiters(
  create: CreateLimiter,
  { limits }: Pick<Policy, 'limits'>,
): GuardLimiters {
  return {
    signup: createAddressLimiters(create, 'signup', limits.signup),
    login: createAddressLimiters(create, 'login', limits.login),
  };
}

/**
 * A guard without Redis and secrets, for a site with an incomplete configuration: members can still sign up and log in, and each
 * instance counts in its own memory.
 * @param now milliseconds since the epoch
 */
export function createLocalGuard(policy: Policy, log: Log, now: () => number): Guard {
  const limiters = createGuardLimiters(createLocalLimiters(now), policy);
  return createGuard({
    // Nothing leaves the memory, so there is nothing to hide.
    hashIdentifier: async (identifier) => identifier,
    limiters,
    localLimiters: limiters,
    circuit: { run: (call) => call() },
    bodies: createSmallBodies(policy),
    membersDenied: policy.admission?.members === 'deny',
    audience: policy.identity.audience,
    log,
  });
}

/**
 * The throwaway rule does not know users of another audience, so no one may create or use any. The operator may, whose calls
 * Identity checks, to find those that exist.
 */
function checkAudience(request: Request, endpoint: string, ours: string): void {
  const audience = request.headers.get('x-jwt-aud') ?? '';
  // The site's own audience is Identity's default anyway.
  if (audience !== '' && audience !== ours && !endpoint.startsWith('/admin/'))
    throw new DaypassError('audience_refused');
}

/**
 * Refuses a large body. Content-Length may be missing, so it reads a copy, no further than needed; the request itself can still
 * be sent on.
 */
async function checkBody(request: Request, bodies: RequestBodies): Promise<void> {
  if (!request.body) return;
  const body = bodies.open(request.clone());
  try {
    const fits = (body.declaredBytes ?? 0) <= maxBytes && (await body.measure(maxBytes));
    if (!fits) throw new DaypassError('body_too_large');
  } catch (error) {
    // The copy is only released together with the original, which Identity gets unless the request is refused.
    if (error instanceof DaypassError) request.body.cancel().catch(() => undefined);
    throw error;
  } finally {
    body.close();
  }
}

/**
 * The characters of Identity's paths. Servers may drop other ones, cut the path there, or take them for one of these: white
 * space, `?`, letters that are equal without case.
 */
const plain = /^[\w./-]*$/;

/**
 * The endpoint of Identity that a request is for, such as `/signup`: decoded, in lower case, without trailing or doubled slashes.
 * Whichever of these the platform normalises itself, no spelling gets past the guard.
 * @returns undefined for a path that may be read in more than one way; empty for one outside of Identity
 */
export function endpointOf(request: Request): string | undefined {
  const { pathname } = new URL(request.url);
  try {
    // gotrue-js sends two slashes if the page's URL of Identity ends with one.
    const decoded = readPath(pathname.replace(/\/{2,}/g, '/'));
    if (!plain.test(decoded)) return undefined;
    const path = foldPath(decoded);
    return path.startsWith(`${identityPath}/`) ? path.slice(identityPath.length) : '';
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}

import { addressBuckets, hashBuckets, unknownAddress } from '../limits/address.ts';
import { enforce } from '../limits/decision.ts';
import { consumeAddress, peekAddress } from '../limits/limiter.ts';
import type { RequestBodies } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Circuit } from '../store/circuit.ts';
import { checkBody } from './body.ts';
import { endpointOf } from './endpoint.ts';
import type { GuardLimiters } from './limiters.ts';

export interface GuardDependencies {
  hashIdentifier(identifier: string): Promise<string>;
  limiters: GuardLimiters;
  /** In the memory of this instance, for while Redis is away. */
  localLimiters: GuardLimiters;
  circuit: Pick<Circuit, 'run'>;
  bodies: RequestBodies;
  /** Whether the site has no members: nobody there has data of their own to change. */
  membersDenied: boolean;
  /** GoTrue's audience that the policy names; empty for none. */
  audience: string;
  log: Log;
}

export interface Guard {
  /** Looks at a request before Identity does. Returns when it may go on, as it came. */
  (request: Request, caller: { address: string | undefined }): Promise<void>;
  /** Sends what was counted of its Redis, for `waitUntil`; a guard without Redis has nothing to send. */
  settle?(): Promise<void>;
}

/** Which limit counts a POST; Identity takes no other method there. */
const counted: Readonly<Record<string, keyof GuardLimiters>> = { '/signup': 'signup', '/token': 'login' };

/**
 * Keeps strangers from flooding Identity, and members in: all that it limits are sign-ups and log-ins, by address, and
 * never by what a body claims, since Identity reads the names in it in more ways than one. Redis away, each instance
 * counts for itself.
 */
export function createGuard(dependencies: GuardDependencies): Guard {
  const { hashIdentifier, limiters, localLimiters, circuit, bodies, membersDenied, audience, log } =
    dependencies;
  let toldOfUnknown = false;

  async function count(name: keyof GuardLimiters, address: string | undefined): Promise<void> {
    // One limit for all whom the platform does not name would lock members out together.
    if (addressBuckets(address).address === unknownAddress) {
      if (!toldOfUnknown) log('address_unknown', { effect: 'sign-ups without an address are not counted' });
      toldOfUnknown = true;
      return;
    }
    const buckets = await hashBuckets(hashIdentifier, address);
    // Before the circuit, which would take it for a sign of life.
    const known = peekAddress(limiters[name], buckets);
    if (known) enforce([known]);
    const decisions = await circuit
      .run(() => consumeAddress(limiters[name], buckets))
      .catch((error) => {
        if (!(error instanceof DaypassError) || error.code !== 'store_unavailable') throw error;
        return consumeAddress(localLimiters[name], buckets);
      });
    enforce(decisions);
  }

  /**
   * @param caller.address as the platform says; no header field is asked
   * @throws {DaypassError} `path_refused`, `audience_refused`, `members_denied`, `body_too_large`, `request_timeout`,
   * `body_budget_exhausted`, `rate_limited`; `malformed_request` when the caller broke off
   */
  return async (request, caller) => {
    // Asks whether something is allowed, and does nothing (Fetch standard, CORS-preflight request).
    if (request.method === 'OPTIONS') return checkBody(request, bodies);
    const endpoint = endpointOf(request);
    if (endpoint === undefined) {
      throw new DaypassError('path_refused', { detail: 'The path may be read in more than one way.' });
    }
    checkAudience(request, endpoint, audience);
    // A throwaway user with another e-mail would be a member, and no event tells of the change.
    if (membersDenied && endpoint === '/user' && request.method !== 'GET') {
      throw new DaypassError('members_denied', { detail: 'Nobody has data of their own at this site.' });
    }
    const name = counted[endpoint];
    // First, so that a body that is too large, or never ends, counts too.
    if (request.method === 'POST' && name !== undefined) await count(name, caller.address);
    // GoTrue reads bodies of any size and keeps what they hold: 14 MB of metadata come back with every list of users.
    await checkBody(request, bodies);
  };
}

/**
 * Users of another audience are strangers to each other and to the throwaway rule: nobody makes, logs in or asks after
 * any. The operator may, whose calls Identity checks: how else would one find those who are there?
 */
function checkAudience(request: Request, endpoint: string, ours: string): void {
  const audience = request.headers.get('x-jwt-aud') ?? '';
  // Whoever names the site's own says what Identity takes for granted.
  if (audience !== '' && audience !== ours && !endpoint.startsWith('/admin/'))
    throw new DaypassError('audience_refused');
}

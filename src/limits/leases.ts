import { BoundedMap } from '../protocol/boundedMap.ts';
import type { CallCounts, Count } from '../store/callCounts.ts';
import type { Instant, StoreClock } from '../store/clocks.ts';
import { unexpectedAnswer } from '../store/redis.ts';
import { Account, type LeaseRequest } from './account.ts';
import { type Decision, type Meter, windowAt } from './meter.ts';

/** Accounts kept in memory. What is held by one that is dropped stays taken until its window ends. */
const maxAccounts = 30_000;

/** How often a call retries after guessing the wrong window. The first answer already carries Redis's time. */
const maxTries = 4;

/** Accounts flushed in one script. */
const flushBatchSize = 100;

/** How long a refusal by Redis is believed, at least. Units that other instances give back may end it sooner. */
const refusalMilliseconds = 1000;

/** A call, and the limits it takes from. */
export interface MeteredCall {
  /** The hashed subject, to look up its revocation; undefined for calls without a token. */
  session: string | undefined;
  /** The narrowest first, at least one. `bucket` names the caller, hashed. */
  meters: readonly { meter: Meter; bucket: string }[];
  /** What the call takes of each: a whole number from 1. */
  cost: number;
}

/** What became of a call. */
export interface Verdict {
  isRevoked: boolean;
  /** One per meter, in order. If the refusal was already known, only of the meters that are known. */
  decisions: readonly Decision[];
}

/**
 * What this instance may spend of the limits. One request to Redis covers all counts of a call: it takes what the call
 * needs and, while calls keep coming, up to an eighth of what is left, so that the next calls need no request.
 *
 * - No window grants more than its limit, even if instances die or their clocks are wrong.
 * - Units taken but not spent belong to this instance until the window ends. They are given back then, because they would
 *   weigh on the next window, and after `leaseSeconds` without calls (`flush`). An instance that dies keeps its units
 *   until the window ends.
 * - Revocation is looked up again once the last answer is `leaseSeconds` old.
 */
export interface Leases {
  /**
   * Spends units in hand, or takes more. A refused call takes nothing from any limit.
   * @throws {DaypassError} `store_unavailable`
   */
  take(call: MeteredCall): Promise<Verdict>;
  /** Decides by what this instance knows, while Redis is away. What passes is reported to Redis later. */
  takeLocally(call: MeteredCall): readonly Decision[];
  /**
   * Takes more units for a call that has passed, since its price was not known before. May exceed a limit.
   * @param units a whole number from 0
   */
  charge(call: MeteredCall, units: number): void;
  /** Reports to Redis what it does not know yet, and gives back units unused for `leaseSeconds`. Never throws. */
  flush(): Promise<void>;
}

export interface LeasesOptions {
  counts: CallCounts;
  clock: StoreClock;
  /** How long an answer of Redis is relied on, in seconds. 0 queries Redis on every call and takes only what the call needs. */
  leaseSeconds: number;
  /** Resolves after so many milliseconds; tests pass their own. */
  wait?(milliseconds: number): Promise<void>;
}

export function createLeases(options: LeasesOptions): Leases {
  const { counts, clock, leaseSeconds, wait = waitFor } = options;
  const leaseMilliseconds = leaseSeconds * 1000;
  const accounts = new BoundedMap<string, Account>(maxAccounts);
  const pending = new BoundedMap<string, Account>(maxAccounts);
  /** Requests in flight, by the narrowest account of the call that sent them. */
  const inFlight = new Map<
    string,
    { answered: Promise<{ isRevoked: boolean; error?: unknown }>; waiting: number }
  >();
  let flushing: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  function accountsOf({ meters }: MeteredCall): readonly [Account, ...Account[]] {
    return meters.map(({ meter, bucket }) => {
      const key = `${meter.key}:${meter.windowSeconds}:${bucket}`;
      const account = accounts.get(key) ?? new Account(key, meter);
      // To the end: the least recently used is dropped first.
      accounts.delete(key);
      accounts.set(key, account);
      return account;
    }) as [Account, ...Account[]];
  }

  /** Redis's time, or earlier: no account moves into a window before the others do. */
  const present = () => clock.span()?.earliest ?? clock.estimate();

  /** The span of Redis's time, if it lies in one window of each account; else undefined. */
  function sureTime(held: readonly Account[]): { earliest: number; latest: number } | undefined {
    const span = clock.span();
    const isSure = ({ meter }: Account) =>
      span && windowAt(meter, span.earliest) === windowAt(meter, span.latest);
    return held.every(isSure) ? span : undefined;
  }

  function wasQueriedWithin(milliseconds: number, { requestedAt }: Account): boolean {
    if (requestedAt === undefined) return false;
    const { wall, steady } = clock.instant();
    // The steady clock stops while the machine sleeps, and the wall clock may be set.
    return Math.max(wall - requestedAt.wall, steady - requestedAt.steady) < milliseconds;
  }

  /** The decisions, if a recent answer of Redis already refuses the call. */
  function knownRefusal(held: readonly Account[], cost: number, at: number): Decision[] | undefined {
    const known = held.filter((account) =>
      wasQueriedWithin(Math.max(leaseMilliseconds, refusalMilliseconds), account),
    );
    if (known.every((account) => account.left(at) >= cost)) return undefined;
    return known.map((account) => account.decide(account.left(at) >= cost, cost, at));
  }

  function markPending(held: readonly Account[]): void {
    for (const account of held) if (account.isPending) pending.set(account.key, account);
  }

  /** @returns undefined if Redis is in another window than was guessed */
  async function requestUnits(
    call: MeteredCall,
    held: readonly Account[],
    waiting: number,
  ): Promise<Verdict | undefined> {
    const { cost, session } = call;
    const requestedAt = clock.instant();
    const sure = sureTime(held);
    const believed = Math.floor(present());
    const requests = held.map((account) => {
      if (!wasQueriedWithin(leaseMilliseconds, account)) account.rest();
      return account.request(cost, waiting, believed, leaseSeconds > 0);
    });
    const pairs = held.map((account, index) => [account, requests[index] as LeaseRequest] as const);
    const answer = await counts.take(session, sure && believed, requests).catch((error) => {
      for (const [account, request] of pairs) account.rollBack(request, false);
      markPending(held);
      throw error;
    });
    if (answer.now !== undefined) clock.learn(answer.now, requestedAt);
    if (!answer.counts) {
      for (const [account, request] of pairs) account.rollBack(request, true);
      return undefined;
    }
    const { isRevoked } = answer;
    const answered = pairs.map(([account, request], index) => ({
      account,
      request,
      count: answer.counts?.[index] as Count,
    }));
    // Redis grants all that a call needs, or nothing.
    const passes = !isRevoked && answered.every(({ request, count }) => count.granted >= request.need);
    for (const { account, request, count } of answered) {
      account.apply(request, count, isLater(requestedAt, account));
      if (!passes) account.release(request);
      // A revoked session must not spend what it has in hand.
      if (!isRevoked && isLater(requestedAt, account)) account.requestedAt = requestedAt;
      account.usedAt = requestedAt.steady;
    }
    markPending(held);
    const at = answer.now ?? believed;
    const decisions = answered.map(({ account, request, count }) =>
      account.decide(passes || !account.refuses(request, count, at), cost, at),
    );
    return { isRevoked, decisions };
  }

  /** Spends units in hand, if Redis has answered recently. */
  function spend(held: readonly [Account, ...Account[]], cost: number): Verdict | undefined {
    const at = sureTime(held)?.latest;
    if (at === undefined || !wasQueriedWithin(leaseMilliseconds, held[0])) return undefined;
    if (!held.every((account) => account.has(cost, at))) return undefined;
    const { steady } = clock.instant();
    for (const account of held) account.spend(cost, steady);
    return { isRevoked: false, decisions: held.map((account) => account.decide(true, cost, at)) };
  }

  /** One request for all calls of a caller: those that come meanwhile wait for its answer. */
  async function requestUnitsOnce(
    call: MeteredCall,
    held: readonly [Account, ...Account[]],
    waiting: number,
  ): Promise<Verdict | undefined> {
    const [{ key }] = held;
    const request = requestUnits(call, held, waiting);
    const answered = request.then(
      (verdict) => ({ isRevoked: verdict?.isRevoked === true }),
      (error) => ({ isRevoked: false, error }),
    );
    inFlight.set(key, { answered, waiting: 0 });
    return request.finally(() => inFlight.delete(key));
  }

  async function flushOnce(): Promise<void> {
    await send([...pending.values()].filter(({ isUnreported }) => isUnreported));
    if (pending.size === 0) return;
    await wait(leaseMilliseconds);
    const { steady } = clock.instant();
    const idle = [...pending.values()].filter(({ usedAt }) => steady - usedAt >= leaseMilliseconds);
    const at = present();
    for (const account of idle) account.giveBack(at);
    await send(idle);
  }

  async function send(batch: readonly Account[]): Promise<void> {
    for (let begin = 0; begin < batch.length; begin += flushBatchSize) {
      const some = batch.slice(begin, begin + flushBatchSize);
      for (const { key } of some) pending.delete(key);
      const requestedAt = clock.instant();
      const sure = sureTime(some);
      const at = Math.floor(present());
      const requests = some.map((account) => account.request(0, 0, at, false));
      const answer = await counts.take(undefined, sure && at, requests).catch(() => undefined);
      if (answer?.now !== undefined) clock.learn(answer.now, requestedAt);
      for (const [index, account] of some.entries()) {
        const [request, count] = [requests[index] as LeaseRequest, answer?.counts?.[index]];
        if (count) account.apply(request, count, isLater(requestedAt, account));
        else account.rollBack(request, answer !== undefined);
      }
      markPending(some);
      // The next batch would fail too.
      if (!answer) return;
    }
  }

  return {
    async take(call) {
      const held = accountsOf(call);
      const [narrowest] = held;
      const { cost } = call;
      let waiting = 0;
      for (let tried = 0; tried < maxTries; ) {
        const at = sureTime(held)?.latest;
        const known = at === undefined ? undefined : knownRefusal(held, cost, at);
        if (known) return { isRevoked: false, decisions: known };
        if (leaseSeconds > 0) {
          const spent = spend(held, cost);
          if (spent) return spent;
          const request = inFlight.get(narrowest.key);
          if (request) {
            request.waiting += cost;
            const { isRevoked, error } = await request.answered;
            if (error) throw error;
            if (isRevoked) return { isRevoked, decisions: [] };
            // The first to continue requests units for all of them.
            waiting = Math.max(0, request.waiting - cost);
            request.waiting = 0;
            continue;
          }
        }
        const verdict = await (leaseSeconds > 0
          ? requestUnitsOnce(call, held, waiting)
          : requestUnits(call, held, 0));
        if (verdict) return verdict;
        tried += 1;
      }
      throw unexpectedAnswer();
    },
    takeLocally(call) {
      const held = accountsOf(call);
      const at = present();
      const hasRoom = held.map((account) => account.left(at) >= call.cost);
      // All windows are named: the last of those that refuse says when to retry.
      if (hasRoom.includes(false)) {
        return held.map((account, index) => account.decide(hasRoom[index] === true, call.cost, at));
      }
      const { steady } = clock.instant();
      for (const account of held) account.pass(call.cost, at, steady);
      markPending(held);
      return held.map((account) => account.decide(true, call.cost, at));
    },
    charge(call, units) {
      const held = accountsOf(call);
      const { steady } = clock.instant();
      for (const account of held) account.pass(units, present(), steady);
      markPending(held);
    },
    flush() {
      if (pending.size === 0) return Promise.resolve();
      if (!flushing) {
        flushing = flushOnce().finally(() => {
          flushing = undefined;
        });
        return flushing;
      }
      // The flush under way may have missed this call.
      following ??= flushing.then(() => {
        following = undefined;
        return this.flush();
      });
      return following;
    },
  };
}

/** Without a Redis: this instance counts in its own memory. */
export function createMemoryLeases(clock: StoreClock): Leases {
  const counts = { take: () => Promise.reject(unexpectedAnswer()) };
  const leases = createLeases({ counts, clock, leaseSeconds: 0 });
  return {
    ...leases,
    take: async (call) => ({ isRevoked: false, decisions: leases.takeLocally(call) }),
    flush: () => Promise.resolve(),
  };
}

function isLater(instant: Instant, { requestedAt }: Account): boolean {
  return requestedAt === undefined || instant.steady >= requestedAt.steady;
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

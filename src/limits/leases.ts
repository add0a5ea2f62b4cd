import { BoundedMap } from '../protocol/boundedMap.ts';
import type { CallCounts, Count } from '../store/callCounts.ts';
import { unexpectedAnswer } from '../store/redis.ts';
import type { Instant, StoreClock } from '../store/storeClock.ts';
import { Account, type Claim } from './account.ts';
import type { Decision } from './decision.ts';
import { type Meter, windowAt } from './meter.ts';

/** Accounts that one instance keeps at once; what it holds of those it forgets stays taken until their windows end. */
const keptAccounts = 30_000;

/** How often a call asks anew when another window is at hand than it believed; Redis has told it the time by then. */
const mostTries = 4;

/** Accounts that are settled in one script. */
const settledAtOnce = 100;

/** For how long a refusal that Redis told is believed at least: what others give back may end it. */
const refusalMilliseconds = 1000;

/** A call, and what it takes from. */
export interface MeteredCall {
  /** The hashed subject, whose revocation is asked for; undefined where no token is. */
  session: string | undefined;
  /** The narrowest first, at least one. `bucket` names the caller, hashed. */
  charges: readonly { meter: Meter; bucket: string }[];
  /** What the call takes of each: a whole number from 1. */
  cost: number;
}

/** What became of a call. */
export interface Verdict {
  isRevoked: boolean;
  /** Of each meter in turn; where a refusal is known before Redis is asked, of those that are known. */
  decisions: readonly Decision[];
}

/**
 * What this instance may spend of the limits. It takes from Redis for all of a call's counts at once: what the call needs,
 * and while calls keep coming, up to an eighth of what is left beyond, so that the next ones ask nobody.
 *
 * - No window grants more than its limit, whatever instances end in the middle, and however their clocks stand.
 * - What is taken and not spent stays this instance's own until its window ends. Then it is given back, since it would
 *   weigh on the next one, and so it is when nobody has called for `leaseSeconds` (`settle`). An instance that ends keeps
 *   what it had until its window has.
 * - A session is asked for its revocation whenever the last answer is `leaseSeconds` old.
 */
export interface Leases {
  /**
   * Spends what is in hand, or takes more. A refused call takes nothing of any limit.
   * @throws {DaypassError} `store_unavailable`
   */
  take(call: MeteredCall): Promise<Verdict>;
  /** Decides by what this instance knows, while Redis does not answer. Redis is told later of what passes. */
  takeHere(call: MeteredCall): readonly Decision[];
  /**
   * Charges a call that has passed with more, since its price is known now: also beyond a limit.
   * @param units a whole number from 0
   */
  charge(call: MeteredCall, units: number): void;
  /** Tells Redis what it does not know, and gives back what nobody has spent for `leaseSeconds`. Never throws. */
  settle(): Promise<void>;
}

export interface LeasesOptions {
  counts: CallCounts;
  clock: StoreClock;
  /** How long an answer of Redis holds, in seconds. 0 asks at every call, and takes what it needs alone. */
  leaseSeconds: number;
  /** Comes back in so many milliseconds; tests hand in another. */
  wait?(milliseconds: number): Promise<void>;
}

export function createLeases(options: LeasesOptions): Leases {
  const { counts, clock, leaseSeconds, wait = waitFor } = options;
  const leaseMilliseconds = leaseSeconds * 1000;
  const accounts = new BoundedMap<string, Account>(keptAccounts);
  const unsettled = new BoundedMap<string, Account>(keptAccounts);
  /** Questions under way, by the narrowest account of the call that asks. */
  const asking = new Map<
    string,
    { answered: Promise<{ isRevoked: boolean; error?: unknown }>; waiting: number }
  >();
  let settling: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  function accountsOf({ charges }: MeteredCall): readonly [Account, ...Account[]] {
    return charges.map(({ meter, bucket }) => {
      const key = `${meter.key}:${meter.windowSeconds}:${bucket}`;
      const account = accounts.get(key) ?? new Account(key, meter);
      // Behind all others, so that those are forgotten first that nobody calls for.
      accounts.delete(key);
      accounts.set(key, account);
      return account;
    }) as [Account, ...Account[]];
  }

  /** The present by Redis's clock, or before it: no account moves ahead of the others' windows. */
  const present = () => clock.span()?.earliest ?? clock.estimate();

  /** Between what Redis's clock may say, where all the windows at hand are sure. */
  function sureTime(held: readonly Account[]): { earliest: number; latest: number } | undefined {
    const span = clock.span();
    const isSure = ({ meter }: Account) =>
      span && windowAt(meter, span.earliest) === windowAt(meter, span.latest);
    return held.every(isSure) ? span : undefined;
  }

  function wasAskedWithin(milliseconds: number, { askedAt }: Account): boolean {
    if (askedAt === undefined) return false;
    const { wall, steady } = clock.instant();
    // The steady clock may have slept, and the other one may have been set.
    return Math.max(wall - askedAt.wall, steady - askedAt.steady) < milliseconds;
  }

  /** What the limits say, where one refuses by what Redis has told of late. */
  function knownRefusal(held: readonly Account[], cost: number, at: number): Decision[] | undefined {
    const told = held.filter((account) =>
      wasAskedWithin(Math.max(leaseMilliseconds, refusalMilliseconds), account),
    );
    if (told.every((account) => account.left(at) >= cost)) return undefined;
    return told.map((account) => account.decide(account.left(at) >= cost, cost, at));
  }

  function note(held: readonly Account[]): void {
    for (const account of held) if (account.isUnsettled) unsettled.set(account.key, account);
  }

  /** @returns undefined when another window is at hand than was believed */
  async function ask(
    call: MeteredCall,
    held: readonly Account[],
    waiting: number,
  ): Promise<Verdict | undefined> {
    const { cost, session } = call;
    const asked = clock.instant();
    const sure = sureTime(held);
    const believed = Math.floor(present());
    const claims = held.map((account) => {
      if (!wasAskedWithin(leaseMilliseconds, account)) account.rest();
      return account.claim(cost, waiting, believed, leaseSeconds > 0);
    });
    const pairs = held.map((account, index) => [account, claims[index] as Claim] as const);
    const answer = await counts.take(session, sure && believed, claims).catch((error) => {
      for (const [account, claim] of pairs) account.withdraw(claim, false);
      note(held);
      throw error;
    });
    if (answer.now !== undefined) clock.learn(answer.now, asked);
    if (!answer.counts) {
      for (const [account, claim] of pairs) account.withdraw(claim, true);
      return undefined;
    }
    const { isRevoked } = answer;
    const claimed = pairs.map(([account, claim], index) => ({
      account,
      claim,
      count: answer.counts?.[index] as Count,
    }));
    // Redis grants all that is needed, or nothing.
    const passes = !isRevoked && claimed.every(({ claim, count }) => count.granted >= claim.need);
    for (const { account, claim, count } of claimed) {
      account.heed(claim, count, isLater(asked, account));
      if (!passes) account.release(claim);
      // What a revoked session has in hand is nobody's to spend.
      if (!isRevoked && isLater(asked, account)) account.askedAt = asked;
      account.usedAt = asked.steady;
    }
    note(held);
    const at = answer.now ?? believed;
    const decisions = claimed.map(({ account, claim, count }) =>
      account.decide(passes || !account.refuses(claim, count, at), cost, at),
    );
    return { isRevoked, decisions };
  }

  /** Spends what is in hand, where Redis has answered of late. */
  function spend(held: readonly [Account, ...Account[]], cost: number): Verdict | undefined {
    const at = sureTime(held)?.latest;
    if (at === undefined || !wasAskedWithin(leaseMilliseconds, held[0])) return undefined;
    if (!held.every((account) => account.has(cost, at))) return undefined;
    const { steady } = clock.instant();
    for (const account of held) account.spend(cost, steady);
    return { isRevoked: false, decisions: held.map((account) => account.decide(true, cost, at)) };
  }

  /** Asks, while further calls of the same caller wait for what the answer brings. */
  async function askAlone(
    call: MeteredCall,
    held: readonly [Account, ...Account[]],
    waiting: number,
  ): Promise<Verdict | undefined> {
    const [{ key }] = held;
    const question = ask(call, held, waiting);
    const answered = question.then(
      (verdict) => ({ isRevoked: verdict?.isRevoked === true }),
      (error) => ({ isRevoked: false, error }),
    );
    asking.set(key, { answered, waiting: 0 });
    return question.finally(() => asking.delete(key));
  }

  async function settleOnce(): Promise<void> {
    await send([...unsettled.values()].filter(({ isUntold }) => isUntold));
    if (unsettled.size === 0) return;
    await wait(leaseMilliseconds);
    const { steady } = clock.instant();
    const idle = [...unsettled.values()].filter(({ usedAt }) => steady - usedAt >= leaseMilliseconds);
    const at = present();
    for (const account of idle) account.giveBack(at);
    await send(idle);
  }

  async function send(told: readonly Account[]): Promise<void> {
    for (let begin = 0; begin < told.length; begin += settledAtOnce) {
      const some = told.slice(begin, begin + settledAtOnce);
      for (const { key } of some) unsettled.delete(key);
      const asked = clock.instant();
      const sure = sureTime(some);
      const at = Math.floor(present());
      const claims = some.map((account) => account.claim(0, 0, at, false));
      const answer = await counts.take(undefined, sure && at, claims).catch(() => undefined);
      if (answer?.now !== undefined) clock.learn(answer.now, asked);
      for (const [index, account] of some.entries()) {
        const [claim, count] = [claims[index] as Claim, answer?.counts?.[index]];
        if (count) account.heed(claim, count, isLater(asked, account));
        else account.withdraw(claim, answer !== undefined);
      }
      note(some);
      // Who refuses one refuses all.
      if (!answer) return;
    }
  }

  return {
    async take(call) {
      const held = accountsOf(call);
      const [narrowest] = held;
      const { cost } = call;
      let waiting = 0;
      for (let tried = 0; tried < mostTries; ) {
        const at = sureTime(held)?.latest;
        const known = at === undefined ? undefined : knownRefusal(held, cost, at);
        if (known) return { isRevoked: false, decisions: known };
        if (leaseSeconds > 0) {
          const spent = spend(held, cost);
          if (spent) return spent;
          const question = asking.get(narrowest.key);
          if (question) {
            question.waiting += cost;
            const { isRevoked, error } = await question.answered;
            if (error) throw error;
            if (isRevoked) return { isRevoked, decisions: [] };
            // The first one to go on asks for all of them.
            waiting = Math.max(0, question.waiting - cost);
            question.waiting = 0;
            continue;
          }
        }
        const verdict = await (leaseSeconds > 0 ? askAlone(call, held, waiting) : ask(call, held, 0));
        if (verdict) return verdict;
        tried += 1;
      }
      throw unexpectedAnswer();
    },
    takeHere(call) {
      const held = accountsOf(call);
      const at = present();
      const refusing = held.find((account) => account.left(at) < call.cost);
      if (refusing) return [refusing.decide(false, call.cost, at)];
      const { steady } = clock.instant();
      for (const account of held) account.pass(call.cost, at, steady);
      note(held);
      return held.map((account) => account.decide(true, call.cost, at));
    },
    charge(call, units) {
      const held = accountsOf(call);
      const { steady } = clock.instant();
      for (const account of held) account.pass(units, present(), steady);
      note(held);
    },
    settle() {
      if (unsettled.size === 0) return Promise.resolve();
      if (!settling) {
        settling = settleOnce().finally(() => {
          settling = undefined;
        });
        return settling;
      }
      // The one under way may be past this call.
      following ??= settling.then(() => {
        following = undefined;
        return this.settle();
      });
      return following;
    },
  };
}

/** For where there is no Redis: this instance counts for itself, in its own memory. */
export function createMemoryLeases(clock: StoreClock): Leases {
  const counts = { take: () => Promise.reject(unexpectedAnswer()) };
  const leases = createLeases({ counts, clock, leaseSeconds: 0 });
  return {
    ...leases,
    take: async (call) => ({ isRevoked: false, decisions: leases.takeHere(call) }),
    settle: () => Promise.resolve(),
  };
}

function isLater(asked: Instant, { askedAt }: Account): boolean {
  return askedAt === undefined || asked.steady >= askedAt.steady;
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

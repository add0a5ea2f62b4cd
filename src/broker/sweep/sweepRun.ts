import { isSweepable, type ThrowawayRule } from '../../identity/throwaway.ts';
import type { UserId } from '../../identity/user.ts';
import { DaypassError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import type { BrokerDependencies } from '../dependencies.ts';

export type SweepDependencies = Pick<
  BrokerDependencies,
  'policy' | 'identity' | 'operatorToken' | 'now' | 'steadyNow'
>;

export interface SweepBounds {
  /** Seconds in which deletions may begin. Those under way then have one more second to end. */
  budgetSeconds: number;
  /** Default: as many as fit into the time. */
  maxDeletions?: number;
}

/** No user is deleted on the strength of an older record: the user may have become a member since. */
const freshMilliseconds = 1000;

/** How often a record is read again that was too old. */
const maxLooks = 3;

const deletionsAtOnce = 16;

const callsPerSignal = 64;

/** One run of a sweep: its bounds, and what it has done so far. */
export class SweepRun {
  readonly broker: SweepDependencies;
  readonly operatorToken: string;
  readonly log: Log;
  deleted = 0;
  gone = 0;
  kept = 0;
  failed = 0;
  unread = 0;
  #deletionsLeft: number;
  readonly #endsAt: number;
  readonly #listMilliseconds: number;
  #signal = AbortSignal.abort();
  #signalUses = 0;

  /**
   * Starts the clock of the budget.
   * @throws {DaypassError} `identity_context_missing`
   */
  constructor(broker: SweepDependencies, { budgetSeconds, maxDeletions = Infinity }: SweepBounds, log: Log) {
    const operatorToken = broker.operatorToken();
    if (operatorToken === undefined) throw new DaypassError('identity_context_missing');
    this.broker = broker;
    this.operatorToken = operatorToken;
    this.log = log;
    this.#deletionsLeft = maxDeletions;
    this.#endsAt = broker.steadyNow() + budgetSeconds * 1000;
    // A list that hangs must leave time for a shorter one.
    this.#listMilliseconds = Math.max(2000, budgetSeconds * 500);
  }

  /** Whether no more deletions may begin. */
  get isOver(): boolean {
    return this.#deletionsLeft <= 0 || this.broker.steadyNow() >= this.#endsAt;
  }

  beginDeletion(): void {
    this.#deletionsLeft -= 1;
  }

  /**
   * Ends a call to Identity a second after the budget. Some calls share one: a signal for each costs a tenth of a deletion, and
   * one for all would collect a listener for each and get slow.
   */
  signal(): AbortSignal {
    if (this.#signalUses % callsPerSignal === 0) this.#signal = AbortSignal.timeout(this.#millisecondsLeft);
    this.#signalUses += 1;
    return this.#signal;
  }

  listSignal(): AbortSignal {
    return AbortSignal.timeout(Math.min(this.#millisecondsLeft, this.#listMilliseconds));
  }

  get #millisecondsLeft(): number {
    return Math.max(0, Math.ceil(this.#endsAt - this.broker.steadyNow())) + 1000;
  }
}

/** What became of a user that the rule allows to be swept. */
type Fate = 'gone' | 'kept' | 'failed';

/**
 * Deletes users, several at once, in their order, until the run is over or the list that named them is too old.
 * @param tried takes the ids of those that were tried
 * @param readAt when their records were requested, by `steadyNow`
 * @returns the fates of those that were tried
 */
export async function deleteUsers(
  run: SweepRun,
  tried: Set<string>,
  ids: Iterable<UserId>,
  rule: ThrowawayRule,
  readAt: number,
): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>();
  const { steadyNow } = run.broker;
  const queue = ids[Symbol.iterator]();
  // Of a list that came in time, listing the rest again is cheaper than reading each record again.
  const listEndsAt = steadyNow() - readAt <= freshMilliseconds ? readAt + freshMilliseconds : Infinity;
  const worker = async () => {
    while (!run.isOver && steadyNow() <= listEndsAt) {
      const { value: id, done } = queue.next();
      if (done) return;
      run.beginDeletion();
      tried.add(id);
      fates.set(id, await deleteOne(run, id, rule, readAt));
    }
  };
  await Promise.all(Array.from({ length: deletionsAtOnce }, worker));
  return fates;
}

async function deleteOne(run: SweepRun, id: UserId, rule: ThrowawayRule, readAt: number): Promise<Fate> {
  const { identity, now, steadyNow } = run.broker;
  const count = (total: 'deleted' | 'gone' | 'failed'): Fate => {
    run[total] += 1;
    return total === 'failed' ? 'failed' : 'gone';
  };
  try {
    let freshAt = readAt;
    for (let looks = 0; steadyNow() - freshAt > freshMilliseconds; looks += 1) {
      // Identity is too slow to report what a user is now.
      if (looks === maxLooks || run.isOver) return count('failed');
      freshAt = steadyNow();
      const user = await identity.findUser(id, run.operatorToken, run.signal());
      if (user === undefined) return count('gone');
      if (idOf(user) !== id || !isSweepable(user, rule, now())) return 'kept';
    }
    const existed = await identity.deleteUser(id, run.operatorToken, run.signal());
    return count(existed ? 'deleted' : 'gone');
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    return count('failed');
  }
}

/** The id of a listed user; empty for anything else, since no user has an empty id. */
export function idOf(user: unknown): string {
  return (user as { id?: string } | null)?.id ?? '';
}

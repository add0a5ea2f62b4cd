import { isSweepable, type ThrowawayRule } from '../../identity/throwaway.ts';
import { DaypassError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import type { BrokerDependencies } from '../dependencies.ts';
import type { PageSize } from './pageSize.ts';

/** What a sweep works with. */
export type SweepDependencies = Pick<BrokerDependencies, 'policy' | 'identity' | 'operatorToken' | 'now'>;

export interface RunBounds {
  /** Seconds in which deletions may begin. Those under way then have one more to end. */
  budgetSeconds: number;
  /** Deletions at most. Default: as many as fit into the time. */
  mostDeletions?: number;
  /**
   * Whether the place passes at once whose DELETE failed. Then nobody who cannot be deleted holds up the next run, and one
   * who was deleted all the same hides another until the list is begun anew. Default: at second sight in the same run.
   */
  passesFailed?: boolean;
}

/** What became of a user whom the rule allows to be swept. */
export type Fate = 'gone' | 'kept' | 'failed';

/** DELETEs under way at once. */
const deletionsAtOnce = 16;

/** No DELETE on a record that is older: its user may have become a member since. */
const freshMilliseconds = 1000;
/** How often a record is read again that came too late to delete by. */
const mostLooks = 3;

/** One run: its bounds, what it has done so far, and whom it has tried to delete. */
export class SweepRun {
  readonly broker: SweepDependencies;
  readonly operatorToken: string;
  readonly size: PageSize;
  readonly log: Log;
  readonly passesFailed: boolean;
  deleted = 0;
  gone = 0;
  kept = 0;
  failed = 0;
  unread = 0;
  readonly #tried = new Set<string>();
  /** Milliseconds of `performance.now()`. */
  readonly #endsAt: number;
  readonly #listMilliseconds: number;
  readonly #mostDeletions: number;

  /**
   * Starts the clock of the budget.
   * @param size how many users to ask for at once; it learns, and may be kept for the next run
   * @throws {DaypassError} `identity_context_missing`
   */
  constructor(broker: SweepDependencies, bounds: RunBounds, size: PageSize, log: Log) {
    const { budgetSeconds, mostDeletions = Infinity, passesFailed = false } = bounds;
    const operatorToken = broker.operatorToken();
    if (operatorToken === undefined) throw new DaypassError('identity_context_missing');
    this.broker = broker;
    this.operatorToken = operatorToken;
    this.size = size;
    this.log = log;
    this.passesFailed = passesFailed;
    this.#endsAt = performance.now() + budgetSeconds * 1000;
    // A list that hangs must leave time for a shorter one.
    this.#listMilliseconds = Math.max(2000, budgetSeconds * 500);
    this.#mostDeletions = mostDeletions;
  }

  get seen(): number {
    return this.deleted + this.gone + this.kept + this.failed;
  }

  /** Whether no more deletions may begin. */
  get isOver(): boolean {
    return performance.now() >= this.#endsAt || this.#tried.size >= this.#mostDeletions;
  }

  /** For one call to Identity. One signal for all would gather a listener of each, and get slow. */
  signal(mostMilliseconds = Infinity): AbortSignal {
    const left = Math.max(0, Math.ceil(this.#endsAt - performance.now())) + 1000;
    return AbortSignal.timeout(Math.min(left, mostMilliseconds));
  }

  /** For one list. */
  listSignal(): AbortSignal {
    return this.signal(this.#listMilliseconds);
  }

  hasTried(id: string): boolean {
    return this.#tried.has(id);
  }

  /**
   * Deletes users, several at once, the first ones first, until the run is over.
   * @param readAt when their records were asked for, in milliseconds of `performance.now()`
   * @returns what became of those who were tried
   */
  async delete(ids: readonly string[], rule: ThrowawayRule, readAt: number): Promise<Map<string, Fate>> {
    const fates = new Map<string, Fate>();
    const queue = ids.values();
    const worker = async () => {
      while (!this.isOver) {
        const { value: id } = queue.next();
        if (id === undefined) return;
        this.#tried.add(id);
        fates.set(id, await this.#deleteOne(id, rule, readAt));
      }
    };
    await Promise.all(Array.from({ length: deletionsAtOnce }, worker));
    return fates;
  }

  async #deleteOne(id: string, rule: ThrowawayRule, readAt: number): Promise<Fate> {
    const { identity, now } = this.broker;
    try {
      let freshAt = readAt;
      for (let looks = 0; isStale(freshAt); looks += 1) {
        // Identity is too slow for anybody to know.
        if (looks === mostLooks || this.isOver) return this.#count('failed', 'failed');
        freshAt = performance.now();
        const user = await identity.findUser(id, this.operatorToken, this.signal());
        if (user === undefined) return this.#count('gone', 'gone');
        // `sweepPage` counts whoever is kept.
        if (!isSweepable(user, rule, now()) || user.id !== id) return 'kept';
      }
      const existed = await identity.deleteUser(id, this.operatorToken, this.signal());
      return this.#count(existed ? 'deleted' : 'gone', 'gone');
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      return this.#count('failed', 'failed');
    }
  }

  #count(total: 'deleted' | 'gone' | 'failed', fate: Fate): Fate {
    this[total] += 1;
    return fate;
  }
}

function isStale(readAt: number): boolean {
  return performance.now() - readAt > freshMilliseconds;
}

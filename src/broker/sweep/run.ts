import { DaypassError } from '../../protocol/error.ts';
import type { BrokerDependencies } from '../dependencies.ts';

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

/** DELETEs under way at once. */
const deletionsAtOnce = 16;

/** One run: its bounds, what it has done so far, and whom it has tried to delete. */
export class SweepRun {
  readonly broker: SweepDependencies;
  readonly operatorToken: string;
  readonly passesFailed: boolean;
  /** Users that Identity gives at once, as far as this run has seen: at most, and at least. */
  perPage = Infinity;
  provenPerPage = 0;
  deleted = 0;
  gone = 0;
  kept = 0;
  failed = 0;
  readonly #tried = new Set<string>();
  /** Milliseconds of `performance.now()`. */
  readonly #endsAt: number;
  readonly #mostDeletions: number;

  /**
   * Starts the clock of the budget.
   * @throws {DaypassError} `identity_context_missing`
   */
  constructor(broker: SweepDependencies, bounds: RunBounds) {
    const { budgetSeconds, mostDeletions = Infinity, passesFailed = false } = bounds;
    const operatorToken = broker.operatorToken();
    if (operatorToken === undefined) throw new DaypassError('identity_context_missing');
    this.broker = broker;
    this.operatorToken = operatorToken;
    this.passesFailed = passesFailed;
    this.#endsAt = performance.now() + budgetSeconds * 1000;
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
  signal(): AbortSignal {
    return AbortSignal.timeout(Math.max(0, Math.ceil(this.#endsAt - performance.now())) + 1000);
  }

  hasTried(id: string): boolean {
    return this.#tried.has(id);
  }

  /**
   * Deletes users, several at once, the first ones first, until the run is over.
   * @returns those who may still be there
   */
  async delete(ids: readonly string[]): Promise<Set<string>> {
    const left = new Set(ids);
    const queue = ids.values();
    const worker = async () => {
      while (!this.isOver) {
        const { value: id } = queue.next();
        if (id === undefined) return;
        if (await this.#deleteOne(id)) left.delete(id);
      }
    };
    await Promise.all(Array.from({ length: deletionsAtOnce }, worker));
    return left;
  }

  async #deleteOne(id: string): Promise<boolean> {
    this.#tried.add(id);
    try {
      const existed = await this.broker.identity.deleteUser(id, this.operatorToken, this.signal());
      this[existed ? 'deleted' : 'gone'] += 1;
      return true;
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      this.failed += 1;
      return false;
    }
  }
}

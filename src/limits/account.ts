import type { Count, Want } from '../store/callCounts.ts';
import type { Instant } from '../store/clocks.ts';
import { availableAt, type Decision, endOfWindow, leftAt, type Meter, windowAt } from './meter.ts';

/** Units that an instance holds of one account, at most. */
const maxReserve = 512;

/** What a call requests from one account. */
export interface LeaseRequest extends Want {
  /** Units that were in hand and are reserved for the call meanwhile. */
  held: number;
}

/** One caller's use of one window, as this instance knows it. Times are Redis's, in milliseconds since the epoch. */
export class Account {
  readonly key: string;
  readonly meter: Meter;
  /** When Redis was last queried; undefined if never. */
  requestedAt: Instant | undefined;
  /** When a call last spent, on the steady clock. */
  usedAt = 0;
  #index = -1;
  /** What all instances have taken of this window and of the previous one, by Redis's last answer. */
  #current = 0;
  #previous = 0;
  /** Of that, what this instance holds and has not spent. */
  #unspent = 0;
  /** What passed without Redis knowing, minus what is given back: not sent yet, and under way. */
  #unreported = 0;
  #reporting = 0;
  /** The same, of the previous window. */
  #previousUnreported = 0;
  #previousReporting = 0;
  /** How many units to hold: doubles while all are used. */
  #reserve = 0;
  /** Requests in flight for more than they need: one at a time, or each would take an eighth. */
  #reserving = 0;

  constructor(key: string, meter: Meter) {
    this.key = key;
    this.meter = meter;
  }

  /** Whether a flush has something to report or to give back. */
  get isPending(): boolean {
    return this.#unspent > 0 || this.isUnreported;
  }

  get isUnreported(): boolean {
    return this.#unreported !== 0 || this.#previousUnreported !== 0;
  }

  /**
   * Moves on to the window of a moment. Units of the previous window that were not spent must not weigh on this one.
   * @param isSure whether the moment is Redis's own: then the account may also move back
   */
  #moveTo(at: number, isSure = false): void {
    const index = windowAt(this.meter, at);
    if (index === this.#index || (index < this.#index && !isSure)) return;
    const follows = index === this.#index + 1;
    const surplus = this.#unreported - this.#unspent;
    this.#previous = follows ? this.#current + this.#reporting : 0;
    this.#previousUnreported = follows && this.meter.algorithm === 'sliding-window' ? surplus : 0;
    // If the clock was ahead: what passed in a window that has not begun yet passed in this one.
    if (index > this.#index) this.#unreported = 0;
    this.#index = index;
    this.#current = 0;
    this.#unspent = 0;
    this.#reporting = 0;
    this.#previousReporting = 0;
  }

  /** Whether enough is in hand, in the window of that moment. */
  has(cost: number, at: number): boolean {
    this.#moveTo(at);
    return this.#unspent >= cost && windowAt(this.meter, at) === this.#index;
  }

  /** What is left for this instance, including what it has in hand. */
  left(at: number): number {
    this.#moveTo(at);
    return leftAt(this.meter, this.#known(), this.#within(at)) + this.#unspent;
  }

  spend(cost: number, steady: number): void {
    this.#unspent -= cost;
    this.usedAt = steady;
  }

  /** Lets a call pass that is reported to Redis later. */
  pass(cost: number, at: number, steady: number): void {
    this.#moveTo(at);
    const inHand = Math.min(cost, this.#unspent);
    this.spend(inHand, steady);
    this.#unreported += cost - inHand;
  }

  /** Gives back what is in hand with the next request to Redis. */
  giveBack(at: number): void {
    this.#moveTo(at);
    this.#unreported -= this.#unspent;
    this.#unspent = 0;
  }

  /**
   * What to ask Redis for, so that a call passes. Units in hand are reserved for it meanwhile.
   * @param waiting what the calls need that wait for the same answer
   * @param reserves whether to take more than is needed
   */
  request(cost: number, waiting: number, at: number, reserves: boolean): LeaseRequest {
    this.#moveTo(at, true);
    const held = Math.min(cost, this.#unspent);
    this.#unspent -= held;
    const need = cost - held;
    if (need > 0) this.#reserve = Math.min(maxReserve, Math.max(1, 2 * this.#reserve));
    const isReserving = reserves && this.#reserve > 0 && this.#reserving === 0;
    if (isReserving) this.#reserving += 1;
    const request = {
      key: this.key,
      limit: this.meter.limit,
      windowMilliseconds: this.meter.windowSeconds * 1000,
      slides: this.meter.algorithm === 'sliding-window',
      index: this.#index,
      need,
      waiting,
      inHand: this.#unspent,
      reserve: isReserving ? this.#reserve : 0,
      correction: this.#unreported,
      previousCorrection: this.#previousUnreported,
      held,
    };
    this.#reporting += this.#unreported;
    this.#unreported = 0;
    this.#previousReporting += this.#previousUnreported;
    this.#previousUnreported = 0;
    return request;
  }

  /** After a pause: starts again with one unit at a time. */
  rest(): void {
    this.#reserve = 0;
  }

  /**
   * Applies Redis's answer to a request. Units granted beyond the need are in hand.
   * @param isLatest false if the answer to a later request came first
   */
  apply(request: LeaseRequest, count: Count, isLatest: boolean): void {
    this.#endReserving(request);
    const extra = Math.max(0, count.granted - request.need);
    if (request.index === this.#index) {
      this.#reporting -= request.correction;
      this.#previousReporting -= request.previousCorrection;
      this.#unspent += extra;
      if (!isLatest) return;
      this.#current = count.current;
      this.#previous = count.previous;
    } else if (request.index === this.#index - 1) {
      // It came late: units of a window that is over are useless.
      this.#previous = count.current;
      if (request.slides) this.#previousUnreported -= extra;
    }
  }

  /**
   * Undoes a request that got no answer.
   * @param isCertain whether Redis counted nothing. Otherwise it may have counted everything: what passed is reported
   * again, so it counts twice at worst, and what was given back is not given back again.
   */
  rollBack(request: LeaseRequest, isCertain: boolean): void {
    this.#endReserving(request);
    this.release(request);
    const again = (correction: number) => (isCertain ? correction : Math.max(0, correction));
    if (request.index === this.#index - 1 && request.slides)
      this.#previousUnreported += again(request.correction);
    if (request.index !== this.#index) return;
    this.#reporting -= request.correction;
    this.#unreported += again(request.correction);
    this.#previousReporting -= request.previousCorrection;
    this.#previousUnreported += again(request.previousCorrection);
  }

  #endReserving({ reserve }: LeaseRequest): void {
    if (reserve > 0) this.#reserving -= 1;
  }

  /** The call did not pass: the units reserved for it are in hand again. */
  release({ index, held, slides }: LeaseRequest): void {
    if (index === this.#index) this.#unspent += held;
    else if (index === this.#index - 1 && slides) this.#previousUnreported -= held;
  }

  /** Whether this limit is why Redis granted nothing. */
  refuses(request: LeaseRequest, count: Count, at: number): boolean {
    return request.need > 0 && leftAt(this.meter, count, at) < request.need;
  }

  /** What to report of this limit: whether enough was left, and when it will be. */
  decide(allowed: boolean, cost: number, at: number): Decision {
    this.#moveTo(at);
    const moment = this.#within(at);
    const { name, limit, windowSeconds } = this.meter;
    const known = this.#known();
    const readyAt = allowed
      ? endOfWindow(this.meter, moment)
      : availableAt(this.meter, known, cost - this.#unspent, moment);
    return {
      name,
      allowed,
      limit,
      windowSeconds,
      remaining: Math.max(0, leftAt(this.meter, known, moment) + this.#unspent),
      resetSeconds: Math.max(1, Math.ceil((readyAt - moment) / 1000)),
    };
  }

  /** An answer may come after its window has ended: then the next has just begun. */
  #within(at: number): number {
    return Math.max(at, this.#index * this.meter.windowSeconds * 1000);
  }

  #known() {
    return {
      current: this.#current + this.#unreported + this.#reporting,
      previous: Math.max(0, this.#previous + this.#previousUnreported + this.#previousReporting),
    };
  }
}

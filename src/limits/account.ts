import type { Count, Want } from '../store/callCounts.ts';
import type { Instant } from '../store/storeClock.ts';
import type { Decision } from './decision.ts';
import { endOfWindow, leftAt, type Meter, whenLeft, windowAt } from './meter.ts';

/** How many calls an instance has in hand at most. */
const mostReserved = 512;

/** What a call has asked for of one account. */
export interface Claim extends Want {
  /** What the account had in hand and the call keeps meanwhile. */
  held: number;
}

/** One caller's window of one limit, as this instance knows it. Times are Redis's, in milliseconds since the epoch. */
export class Account {
  readonly key: string;
  readonly meter: Meter;
  /** When Redis was asked for what is known; undefined before. */
  askedAt: Instant | undefined;
  /** When somebody last spent, on the steady clock. */
  usedAt = 0;
  #index = -1;
  /** What all instances have taken of this window and of the one before, as Redis told. */
  #current = 0;
  #previous = 0;
  /** Of that, what this instance has taken and nobody has spent. */
  #unspent = 0;
  /** What passed and Redis does not know, less what is given back: not sent yet, and on its way. */
  #untold = 0;
  #telling = 0;
  /** The same, of the window before. */
  #previousUntold = 0;
  #previousTelling = 0;
  /** How many to have in hand: doubles while all are used. */
  #reserve = 0;
  /** Claims under way that ask for more than they need: one at a time, or each would take an eighth. */
  #reserving = 0;

  constructor(key: string, meter: Meter) {
    this.key = key;
    this.meter = meter;
  }

  /** Whether Redis is to be told something, or may be given something back. */
  get isUnsettled(): boolean {
    return this.#unspent > 0 || this.isUntold;
  }

  get isUntold(): boolean {
    return this.#untold !== 0 || this.#previousUntold !== 0;
  }

  /**
   * Goes on to the window of a moment. What was taken of the one before and not spent shall not weigh on this one.
   * @param isSure whether the moment is Redis's: then the account also goes back, to where it should never have left
   */
  #moveTo(at: number, isSure = false): void {
    const index = windowAt(this.meter, at);
    if (index === this.#index || (index < this.#index && !isSure)) return;
    const follows = index === this.#index + 1;
    const surplus = this.#untold - this.#unspent;
    this.#previous = follows ? this.#current + this.#telling : 0;
    this.#previousUntold = follows && this.meter.algorithm === 'sliding-window' ? surplus : 0;
    // What passed in a window that Redis does not know yet passed in this one.
    if (index > this.#index) this.#untold = 0;
    this.#index = index;
    this.#current = 0;
    this.#unspent = 0;
    this.#telling = 0;
    this.#previousTelling = 0;
  }

  /** Whether so much is in hand, in the window of that moment. */
  has(cost: number, at: number): boolean {
    this.#moveTo(at);
    return this.#unspent >= cost && windowAt(this.meter, at) === this.#index;
  }

  /** What is left for this instance, what it has in hand among it. */
  left(at: number): number {
    this.#moveTo(at);
    return leftAt(this.meter, this.#known(), this.#within(at)) + this.#unspent;
  }

  spend(cost: number, steady: number): void {
    this.#unspent -= cost;
    this.usedAt = steady;
  }

  /** Lets a call pass that Redis is told of later. */
  pass(cost: number, at: number, steady: number): void {
    this.#moveTo(at);
    const inHand = Math.min(cost, this.#unspent);
    this.spend(inHand, steady);
    this.#untold += cost - inHand;
  }

  /** Gives back what is in hand, the next time that Redis is asked. */
  giveBack(at: number): void {
    this.#moveTo(at);
    this.#untold -= this.#unspent;
    this.#unspent = 0;
  }

  /**
   * What to ask for, so that a call passes; what is in hand is kept for it meanwhile.
   * @param waiting what other calls need that wait for the answer
   * @param reserves whether more may be taken than is needed
   */
  claim(cost: number, waiting: number, at: number, reserves: boolean): Claim {
    this.#moveTo(at, true);
    const held = Math.min(cost, this.#unspent);
    this.#unspent -= held;
    const need = cost - held;
    if (need > 0) this.#reserve = Math.min(mostReserved, Math.max(1, 2 * this.#reserve));
    const isReserving = reserves && this.#reserve > 0 && this.#reserving === 0;
    if (isReserving) this.#reserving += 1;
    const claim = {
      key: this.key,
      limit: this.meter.limit,
      windowMilliseconds: this.meter.windowSeconds * 1000,
      slides: this.meter.algorithm === 'sliding-window',
      index: this.#index,
      need,
      waiting,
      inHand: this.#unspent,
      reserve: isReserving ? this.#reserve : 0,
      correction: this.#untold,
      previousCorrection: this.#previousUntold,
      held,
    };
    this.#telling += this.#untold;
    this.#untold = 0;
    this.#previousTelling += this.#previousUntold;
    this.#previousUntold = 0;
    return claim;
  }

  /** Nobody asked for a while: begins anew with one call at a time. */
  rest(): void {
    this.#reserve = 0;
  }

  /**
   * Takes Redis's answer to a claim in. What was granted beyond the need is in hand.
   * @param isLatest whether no later answer has come before
   */
  heed(claim: Claim, count: Count, isLatest: boolean): void {
    this.#endReserving(claim);
    const extra = Math.max(0, count.granted - claim.need);
    if (claim.index === this.#index) {
      this.#telling -= claim.correction;
      this.#previousTelling -= claim.previousCorrection;
      this.#unspent += extra;
      if (!isLatest) return;
      this.#current = count.current;
      this.#previous = count.previous;
    } else if (claim.index === this.#index - 1) {
      // It came late: what was taken of a window that is over is of no use.
      this.#previous = count.current;
      if (claim.slides) this.#previousUntold -= extra;
    }
  }

  /**
   * Takes back what a claim told and held.
   * @param isCertain whether nothing was counted. Else Redis may have done it all: then what passed is told again, which
   * counts it twice at worst, and what was given back is not.
   */
  withdraw(claim: Claim, isCertain: boolean): void {
    this.#endReserving(claim);
    this.release(claim);
    const again = (correction: number) => (isCertain ? correction : Math.max(0, correction));
    if (claim.index === this.#index - 1 && claim.slides) this.#previousUntold += again(claim.correction);
    if (claim.index !== this.#index) return;
    this.#telling -= claim.correction;
    this.#untold += again(claim.correction);
    this.#previousTelling -= claim.previousCorrection;
    this.#previousUntold += again(claim.previousCorrection);
  }

  #endReserving({ reserve }: Claim): void {
    if (reserve > 0) this.#reserving -= 1;
  }

  /** The call did not pass: what it held is in hand again. */
  release({ index, held, slides }: Claim): void {
    if (index === this.#index) this.#unspent += held;
    else if (index === this.#index - 1 && slides) this.#previousUntold -= held;
  }

  /** Whether it was for this limit that Redis granted a claim nothing. */
  refuses(claim: Claim, count: Count, at: number): boolean {
    return claim.need > 0 && leftAt(this.meter, count, at) < claim.need;
  }

  /** What is told of this limit: whether so much was left, and when it will be. */
  decide(allowed: boolean, cost: number, at: number): Decision {
    this.#moveTo(at);
    const moment = this.#within(at);
    const { name, limit, windowSeconds } = this.meter;
    const known = this.#known();
    const readyAt = allowed
      ? endOfWindow(this.meter, moment)
      : whenLeft(this.meter, known, cost - this.#unspent, moment);
    return {
      name,
      allowed,
      limit,
      windowSeconds,
      remaining: Math.max(0, leftAt(this.meter, known, moment) + this.#unspent),
      resetSeconds: Math.max(1, Math.ceil((readyAt - moment) / 1000)),
    };
  }

  /** An answer may come when its window is over: then the one at hand has just begun. */
  #within(at: number): number {
    return Math.max(at, this.#index * this.meter.windowSeconds * 1000);
  }

  #known() {
    return {
      current: this.#current + this.#untold + this.#telling,
      previous: Math.max(0, this.#previous + this.#previousUntold + this.#previousTelling),
    };
  }
}

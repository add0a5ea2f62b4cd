import type { Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';

/** Time, handed in so that no test has to wait. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back once so many milliseconds are over. @returns calls it off */
  after(milliseconds: number, callback: () => void): () => void;
}

/**
 * The clock of the runtime. It calls back one turn of the event loop late: what arrived while this process was busy with
 * other things is then handed out first, and is not too late.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    let timer = setTimeout(() => {
      timer = setTimeout(callback);
    }, milliseconds);
    return () => clearTimeout(timer);
  },
};

export interface RequestBodiesOptions {
  /** Bytes that all bodies together may hold while they arrive and until they are handed over. */
  bufferBytes: number;
  /** How long a caller may send nothing, in seconds. */
  idleSeconds: number;
  /** How long a body may be waited for in all, in seconds. */
  timeoutSeconds: number;
  /** Default: the runtime's. */
  clock?: Clock;
}

/** The bodies that one instance is reading. */
export interface RequestBodies {
  clock: Clock;
  /** Begins to read the body of a request. */
  open(request: Request): RequestBody;
  /** Bytes held at present. */
  readonly heldBytes: number;
}

/** Nobody is left to read this answer. */
export function brokenOff(cause?: unknown): DaypassError {
  return new DaypassError('malformed_request', { detail: 'The request broke off.', cause });
}

/** A body that holds no more than this may use the last quarter of the budget too: a form is not kept out by uploads. */
const smallBytes = 64 * 1024;

/** Blocks that bodies are gathered in: what arrives in many small pieces would cost many times its size. */
const minBlockBytes = 4 * 1024;
const maxBlockBytes = 64 * 1024;

/** What a piece costs besides its bytes while it waits in a queue. */
const pieceBytes = 256;

/** Once the budget is used up, uploads that are this much slower than they should be make room. */
const dueBytesPerSecond = 16 * 1024;
const maxLagMilliseconds = 1000;
const rememberedLagMilliseconds = 10_000;

const retryAfterSeconds = 5;

/**
 * Reads request bodies for one instance within deadlines and a budget of memory, so that a caller who sends slowly, or
 * stops, costs little and not for long. Bytes count as they arrive, in blocks: who announces a length reserves nothing.
 *
 * Once the budget is used up, an upload that has been slow for a second is refused to make room, the largest first; where
 * there is none, the newcomer is.
 */
export function createRequestBodies(options: RequestBodiesOptions): RequestBodies {
  const { bufferBytes, clock = systemClock } = options;
  const holders = new Set<RequestBody>();
  let heldBytes = 0;

  const budget: Budget = {
    take(holder, bytes) {
      const isSmall = holder.heldBytes + bytes <= smallBytes;
      const limit = isSmall ? bufferBytes : bufferBytes * 0.75;
      while (heldBytes + bytes > limit) {
        const slow = largestSlow(holders, holder, clock.now());
        if (!slow) throw noRoom();
        slow.refuse(noRoom());
      }
      heldBytes += bytes;
      holders.add(holder);
    },
    giveBack(holder, bytes) {
      heldBytes -= bytes;
      if (holder.heldBytes === bytes) holders.delete(holder);
    },
  };
  return {
    clock,
    open: (request) => new RequestBody(request, budget, { ...options, clock }),
    get heldBytes() {
      return heldBytes;
    },
  };
}

/** How long a caller of the gate may send nothing. */
const idleSeconds = 10;

/** For the forms and JSON of guard and broker, of a few KB: these callers have no reason to be slow. */
const smallBodies = { idleSeconds: 5, timeoutSeconds: 10 };

/** For the bodies that the gate passes on. */
export function createUploads({ requestBody }: Pick<Policy, 'requestBody'>): RequestBodies {
  return createRequestBodies({ ...requestBody, idleSeconds });
}

/** For the bodies that guard and broker read. */
export function createSmallBodies({ requestBody }: Pick<Policy, 'requestBody'>): RequestBodies {
  const timeoutSeconds = Math.min(requestBody.timeoutSeconds, smallBodies.timeoutSeconds);
  return createRequestBodies({ ...requestBody, ...smallBodies, timeoutSeconds });
}

function largestSlow(holders: Iterable<RequestBody>, but: RequestBody, now: number): RequestBody | undefined {
  let largest: RequestBody | undefined;
  for (const holder of holders) {
    if (holder === but || holder.lagAt(now) <= maxLagMilliseconds) continue;
    if (!largest || holder.heldBytes > largest.heldBytes) largest = holder;
  }
  return largest;
}

function noRoom(): DaypassError {
  return new DaypassError('body_budget_exhausted', { retryAfterSeconds });
}

interface Budget {
  /** @throws {DaypassError} `body_budget_exhausted` */
  take(holder: RequestBody, bytes: number): void;
  giveBack(holder: RequestBody, bytes: number): void;
}

/** The body of one request. Made by `RequestBodies.open`; whoever opened it closes it. */
export class RequestBody {
  /** What the caller says: bytes, or undefined. */
  readonly toldBytes: number | undefined;
  /** Why it could not be read, once that is so. */
  failure: DaypassError | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #budget: Budget;
  #clock: Clock;
  #idleMilliseconds: number;
  #millisecondsLeft: number;
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  /** Bytes in the last block. */
  #filled = 0;
  #held = 0;
  #handedOut = 0;
  #ended = false;
  #lag = 0;
  #waitingSince: number | undefined;
  #refuse: (failure: DaypassError) => void = () => undefined;

  constructor(request: Request, budget: Budget, options: RequestBodiesOptions & { clock: Clock }) {
    const told = request.headers.get('content-length') ?? '';
    this.toldBytes = /^\d{1,15}$/.test(told) ? Number(told) : undefined;
    this.#reader = request.body?.getReader();
    this.#budget = budget;
    this.#clock = options.clock;
    this.#idleMilliseconds = options.idleSeconds * 1000;
    this.#millisecondsLeft = options.timeoutSeconds * 1000;
  }

  /** Bytes of the budget that it holds. */
  get heldBytes(): number {
    return this.#held;
  }

  /** By how many milliseconds its caller has lately been slower than 16 KiB a second. */
  lagAt(now: number): number {
    return this.#waitingSince === undefined ? 0 : this.#lag + now - this.#waitingSince;
  }

  /**
   * Reads on and keeps what arrives.
   * @param maxBytes how much to keep
   * @returns whether that was all; else there is more than `maxBytes`, and `next` goes on
   * @throws {DaypassError} `request_timeout`, `body_budget_exhausted`; `malformed_request` when the caller broke off
   */
  async gather(maxBytes: number): Promise<boolean> {
    let length = 0;
    for (let piece = await this.#arrive(); piece; piece = await this.#arrive()) {
      length += piece.length;
      this.#keep(piece);
      if (length > maxBytes) return false;
    }
    return true;
  }

  /**
   * Reads to the end and keeps nothing, for a body of which another branch keeps every piece.
   * @returns whether it has no more than `maxBytes`
   * @throws {DaypassError} as `gather`
   */
  async measure(maxBytes: number): Promise<boolean> {
    let length = 0;
    for (let piece = await this.#arrive(); piece; piece = await this.#arrive()) {
      length += piece.length;
      if (length > maxBytes) return false;
      this.#take(piece.length + pieceBytes);
    }
    return true;
  }

  /** What was gathered. It counts as held until `close`. */
  gathered(): Uint8Array<ArrayBuffer>[] {
    const blocks = this.#blocks;
    const last = blocks.at(-1);
    if (last) blocks[blocks.length - 1] = last.subarray(0, this.#filled);
    this.#blocks = [];
    return blocks;
  }

  /**
   * Hands out piece by piece, what was gathered first. A piece counts as held until the next one is asked for.
   * @returns undefined at the end
   * @throws {DaypassError} as `gather`
   */
  async next(): Promise<Uint8Array | undefined> {
    this.#giveBack(this.#handedOut);
    const block = this.#blocks.shift();
    this.#handedOut = block?.length ?? 0;
    if (block) return this.#blocks.length === 0 ? block.subarray(0, this.#filled) : block;
    const piece = await this.#arrive();
    if (piece) this.#handedOut = this.#take(piece.length);
    return piece;
  }

  /** Ends the reading with this failure, and gives its memory back at once. */
  refuse(failure: DaypassError): void {
    this.failure ??= failure;
    this.#blocks = [];
    this.#giveBack(this.#held);
    this.#refuse(failure);
  }

  /** Gives back what it holds, and reads no further. */
  close(): void {
    this.#blocks = [];
    this.#giveBack(this.#held);
    if (this.#ended) return;
    // Whoever still reads must not take what came so far for the whole.
    this.failure ??= brokenOff();
    this.#ended = true;
    // Nobody waits: a copy of a body is done with when the other copy is.
    this.#reader?.cancel().catch(() => undefined);
  }

  /** The next piece from the caller; the deadlines run meanwhile, and at no other time. */
  async #arrive(): Promise<Uint8Array | undefined> {
    if (this.failure) throw this.failure;
    if (!this.#reader || this.#ended) return undefined;
    const since = this.#clock.now();
    this.#waitingSince = since;
    let callOff = () => {};
    const late = new Promise<never>((_, reject) => {
      this.#refuse = reject;
      const limit = Math.min(this.#idleMilliseconds, this.#millisecondsLeft);
      callOff = this.#clock.after(limit, () => this.refuse(new DaypassError('request_timeout')));
    });
    try {
      const { done, value } = await Promise.race([this.#reader.read(), late]);
      // Closed or refused meanwhile: what came before is gone, and the end must not make a whole of the rest.
      if (this.failure) throw this.failure;
      this.#ended = done;
      const waited = this.#clock.now() - since;
      this.#millisecondsLeft -= waited;
      const due = ((value?.length ?? 0) / dueBytesPerSecond) * 1000;
      this.#lag = Math.min(Math.max(this.#lag + waited - due, 0), rememberedLagMilliseconds);
      return value;
    } catch (cause) {
      this.failure ??= brokenOff(cause);
      throw this.failure;
    } finally {
      callOff();
      this.#waitingSince = undefined;
      this.#refuse = () => undefined;
    }
  }

  #keep(piece: Uint8Array): void {
    let rest = piece;
    while (rest.length > 0) {
      let last = this.#blocks.at(-1);
      if (!last || this.#filled === last.length) {
        last = new Uint8Array(this.#take(this.#nextBlockBytes(rest.length)));
        this.#blocks.push(last);
        this.#filled = 0;
      }
      const part = rest.subarray(0, last.length - this.#filled);
      last.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** As much again as there is, but no more than was announced. */
  #nextBlockBytes(arrived: number): number {
    const announced = (this.toldBytes ?? 0) - this.#held;
    const again = Math.max(this.#held, arrived, minBlockBytes);
    return Math.min(announced > arrived ? Math.min(again, announced) : again, maxBlockBytes);
  }

  #take(bytes: number): number {
    try {
      this.#budget.take(this, bytes);
    } catch (error) {
      this.refuse(error as DaypassError);
      throw error;
    }
    this.#held += bytes;
    return bytes;
  }

  #giveBack(bytes: number): void {
    // After a refusal everything is back already.
    const given = Math.min(bytes, this.#held);
    if (given > 0) this.#budget.giveBack(this, given);
    this.#held -= given;
    this.#handedOut = 0;
  }
}

import { DaypassError } from '../protocol/error.ts';

/** Time, handed in so that no test has to wait. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back once so many milliseconds are over. @returns calls it off */
  after(milliseconds: number, callback: () => void): () => void;
}

export interface BodyTimes {
  /** How long a caller may send nothing, in seconds. */
  idleSeconds: number;
  /** How long a body may be waited for in all, in seconds. */
  timeoutSeconds: number;
}

/** The caller is gone and will not read this answer. */
export function brokenOff(cause?: unknown): DaypassError {
  return new DaypassError('malformed_request', { detail: 'The request broke off.', cause });
}

/** Blocks that bodies are gathered in: what arrives in many small pieces would cost many times its size. */
const minBlockBytes = 4 * 1024;
const maxBlockBytes = 64 * 1024;

/** Overhead of a piece, in bytes, while it waits in a queue. */
const pieceBytes = 256;

/** An upload that is slower lags behind; how far, is remembered no further back than this. */
const dueBytesPerSecond = 16 * 1024;
const rememberedLagMilliseconds = 10_000;

/** The memory of one instance for all its bodies. */
export interface Budget {
  /** @throws {DaypassError} `body_budget_exhausted` */
  take(holder: RequestBody, bytes: number): void;
  giveBack(holder: RequestBody, bytes: number): void;
}

/** The body of one request. Made by `RequestBodies.open`; its opener closes it. */
export class RequestBody {
  /** `Content-Length`, in bytes; undefined where there is none. */
  readonly declaredBytes: number | undefined;
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

  constructor(request: Request, budget: Budget, options: BodyTimes & { clock: Clock }) {
    const declared = request.headers.get('content-length') ?? '';
    this.declaredBytes = /^\d{1,15}$/.test(declared) ? Number(declared) : undefined;
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
   * Hands out piece by piece, what was gathered first. A piece counts as held until the next one is pulled.
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
    // A reader must not take what has arrived so far for the whole body.
    this.failure ??= brokenOff();
    this.#ended = true;
    // Not awaited: a copy of a body is done with when the other copy is.
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

  /** As much again as there is, but no more than was declared. */
  #nextBlockBytes(arrived: number): number {
    const rest = (this.declaredBytes ?? 0) - this.#held;
    const again = Math.max(this.#held, arrived, minBlockBytes);
    return Math.min(rest > arrived ? Math.min(again, rest) : again, maxBlockBytes);
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

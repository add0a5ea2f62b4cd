import type { Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import { type BodyTimes, type Budget, type Clock, RequestBody } from './requestBody.ts';

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

export interface RequestBodiesOptions extends BodyTimes {
  /** Bytes that all bodies together may hold while they arrive and until they are handed over. */
  bufferBytes: number;
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

/** A body that holds no more than this may use the last quarter of the budget too: a form is not kept out by uploads. */
const smallBytes = 64 * 1024;

/** Once the budget is used up, an upload that lags so far behind makes room: see `RequestBody.lagAt`. */
const maxLagMilliseconds = 1000;

const retryAfterSeconds = 5;

/**
 * Reads request bodies for one instance within deadlines and a budget of memory, so that a caller who sends slowly, or
 * stops, costs little and not for long. Bytes count as they arrive, in blocks: a declared length reserves nothing.
 *
 * Once the budget is used up, an upload that has been slow for a second is refused to make room, the largest first. If no
 * upload is slow, the new one is refused.
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

import type { DevRedis } from '../../dev/redis/start.ts';
import type { CheckedRoute, Policy } from '../../src/policy/types.ts';
import type { Log } from '../../src/protocol/log.ts';
import { createRedis, keyPrefix } from '../../src/store/redis.ts';

/** A ceiling of the policy, and how much of it the gate has taken. */
export interface CeilingState {
  /** The route that it bounds. */
  path: string;
  /** Units that a call takes. */
  cost: number;
  /** Units that all visitors together may spend in a window. */
  limit: number;
  windowSeconds: number;
  /** Units that the gate has leased in this window, as Redis has them; null while Redis does not answer. */
  leased: number | null;
}

/** The gate logged that a ceiling has a fifth left (`ceiling_near`), or nothing (`ceiling_reached`). */
export interface CeilingMoment {
  event: 'ceiling_near' | 'ceiling_reached';
  /** Seconds since the epoch. */
  at: number;
  /** Units left. */
  remaining: number;
  /** Until there are some again. */
  resetSeconds: number;
}

/** What `GET /dev/limits` answers. */
export interface LimitsState {
  /** HTTP requests that the stack has sent to Redis so far, this view's own left out; null where Redis is not ours. */
  roundTrips: number | null;
  /** The first route with a ceiling of its own; null where the policy has none. */
  ceiling: CeilingState | null;
  /** Newest last. Empty under Netlify's emulator, whose gate logs elsewhere. */
  moments: readonly CeilingMoment[];
}

export interface LimitsWatch {
  state(): Promise<LimitsState>;
  /** Hands lines on, and remembers those that are about the ceiling. */
  log: Log;
}

export interface LimitsWatchOptions {
  policy: Policy;
  /** Upstash's REST API, as the gate speaks it. */
  restApi: { url: string; token: string };
  /** Counts requests; undefined where Redis is not ours. */
  redis: Pick<DevRedis, 'requests'> | undefined;
  log: Log;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

const maxMoments = 20;

/** Watches how the gate counts: what it leases of the policy's ceiling, and how often it asks Redis. */
export function watchLimits(options: LimitsWatchOptions): LimitsWatch {
  const { policy, restApi, redis, now = Date.now } = options;
  const store = createRedis(restApi);
  const route = policy.routes.find(({ limits }) => limits.total.length > 0);
  const moments: CeilingMoment[] = [];
  let ownRequests = 0;

  /** The count of the ceiling's window that is at hand, under the key that `createCallCounts` writes. */
  async function readLeased(path: string, windowSeconds: number): Promise<number | null> {
    const window = Math.floor(now() / (windowSeconds * 1000));
    ownRequests += 1;
    const key = `${keyPrefix}:calls:total ${encodeURI(path)}:${windowSeconds}:all:${window}`;
    return store.get<string>(key).then(Number, () => null);
  }

  async function ceilingOf({ path, cost, limits }: CheckedRoute): Promise<CeilingState | null> {
    const [total] = limits.total;
    if (!total) return null;
    const { limit, windowSeconds } = total;
    const leased = await readLeased(path, windowSeconds);
    return { path, cost: typeof cost === 'number' ? cost : 1, limit, windowSeconds, leased };
  }

  return {
    async state() {
      const roundTrips = redis ? redis.requests - ownRequests : null;
      return { roundTrips, ceiling: route ? await ceilingOf(route) : null, moments };
    },
    log(event, fields = {}) {
      options.log(event, fields);
      const { ceiling, remaining, resetSeconds } = fields;
      const isOurs = event === 'ceiling_near' || event === 'ceiling_reached';
      if (!isOurs || ceiling !== `total ${encodeURI(route?.path ?? '')}`) return;
      const at = Math.floor(now() / 1000);
      moments.push({ event, at, remaining: Number(remaining), resetSeconds: Number(resetSeconds) });
      if (moments.length > maxMoments) moments.shift();
    },
  };
}

import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** What a call takes from one window of one limit. */
export interface Want {
  /** Names limit, window and caller; the caller is hashed. */
  key: string;
  limit: number;
  windowMilliseconds: number;
  /** Whether the window before weighs on this one. */
  slides: boolean;
  /** Number of the window that is believed to be at hand, counted from the epoch. */
  index: number;
  /** Without these nothing is taken, here or of the others. 0: the instance has enough. */
  need: number;
  /** What more calls need that wait for the answer. */
  waiting: number;
  /** What the instance has in hand. */
  inHand: number;
  /** How many to have in hand, those needed among them, as long as they are an eighth of what is left at most. */
  reserve: number;
  /** What passed without being taken (since Redis was away, or the price was known afterwards), less what is given back. */
  correction: number;
  /** The same, of the window before. */
  previousCorrection: number;
}

/** What Redis knows of one window. */
export interface Count {
  granted: number;
  /** What all instances have taken of the window, these granted ones included. */
  current: number;
  /** What they took of the one before. */
  previous: number;
}

export interface CallCounts {
  /**
   * Takes what a call needs and looks up whether its session was revoked: one script, one round trip. All that is needed is
   * taken, or nothing; nothing for a session that was revoked.
   * @param session its hashed subject; undefined where no token is required
   * @param at the present by Redis's clock, milliseconds since the epoch; undefined where only Redis knows it
   * @returns `now` where it was requested; `counts` undefined when Redis is in another window than was guessed
   * @throws {DaypassError} `store_unavailable`
   */
  take(
    session: string | undefined,
    at: number | undefined,
    wants: readonly Want[],
  ): Promise<{ isRevoked: boolean; now: number | undefined; counts: Count[] | undefined }>;
}

/** Clocks and answers may be late by this much; a count must not end before its window no longer weighs. */
const slackMilliseconds = 60_000;

/**
 * A call costs one script, one MGET, and one SET for each count that changes: fewer than @upstash/ratelimit's, whose
 * formula of sliding windows this is (packages/ratelimit, src/lua-scripts/single.ts: what the window before weighs shrinks
 * with each millisecond, and is rounded down).
 */
// In Lua 5.3, which a Redis in memory runs, whole numbers may have only 32 bits: products are made of fractions.
const script = `
local marks, at = tonumber(ARGV[1]), tonumber(ARGV[2])
local reported = 0
if not at then
  local time = redis.call('TIME')
  at = tonumber(time[1]) * 1000.0 + math.floor(tonumber(time[2]) / 1000)
  reported = at
end
local values = redis.call('MGET', unpack(KEYS))
local answer = { marks == 0 and 0 or not values[1] and 0 or values[1] == '1' and 1 or 2, reported, 1 }
local wants = {}
-- A revoked session takes nothing.
local suffices = answer[1] == 0
for position = 3, #ARGV, 10 do
  local want = {}
  for field = 0, 9 do want[field + 1] = tonumber(ARGV[position + field]) end
  local limit, window, slides, index, need = want[1], want[2], want[3], want[4], want[5]
  if math.floor(at / window) ~= index then answer[3] = 0 return answer end
  local key = marks + 2 * #wants + 1
  want.key = key
  want.current = math.max(0, (tonumber(values[key] or 0) or 0) + want[9])
  want.previous = math.max(0, (tonumber(values[key + 1] or 0) or 0) + want[10])
  local weight = slides == 1 and math.floor((1 - (at % window) / window) * want.previous) or 0
  want.left = limit - weight - want.current
  if need > want.left then suffices = false end
  wants[#wants + 1] = want
end
for _, want in ipairs(wants) do
  local window, need, waiting, inHand, reserve = want[2], want[5], want[6], want[7], want[8]
  local granted = 0
  if suffices and want.left > 0 then
    local spare = math.min(reserve, math.floor((want.left + inHand) / 8)) - inHand
    granted = math.max(need, math.min(need + waiting, want.left), math.min(spare, want.left))
  end
  want.current = want.current + granted
  if granted > 0 or want[9] ~= 0 then
    redis.call('SET', KEYS[want.key], string.format('%.0f', want.current), 'PX', 2.0 * window + ${slackMilliseconds})
  end
  if want[10] ~= 0 then
    redis.call('SET', KEYS[want.key + 1], string.format('%.0f', want.previous), 'PX', window + ${slackMilliseconds})
  end
  answer[#answer + 1] = granted
  answer[#answer + 1] = want.current
  answer[#answer + 1] = want.previous
end
return answer`.trim();

/** Takes calls of limits from Redis. */
export function createCallCounts(redis: Redis): CallCounts {
  const run = redis.createScript<unknown>(script);
  return {
    async take(session, at, wants) {
      const marks = session === undefined ? [] : [`${keyPrefix}:revoked:${session}`];
      const keys = wants.flatMap(({ key, index }) => {
        const keyOf = (window: number) => `${keyPrefix}:calls:${key}:${window}`;
        return [keyOf(index), keyOf(index - 1)];
      });
      const fields = wants.flatMap((want) => [
        want.limit,
        want.windowMilliseconds,
        want.slides ? 1 : 0,
        want.index,
        want.need,
        want.waiting,
        want.inHand,
        want.reserve,
        want.correction,
        want.previousCorrection,
      ]);
      const values = [marks.length, at ?? '', ...fields].map(String);
      return readAnswer(await storeCall(run.exec([...marks, ...keys], values)), wants.length);
    },
  };
}

/** @throws {DaypassError} `store_unavailable`: something answered that is no Redis, or holds what we never wrote */
function readAnswer(answer: unknown, wanted: number) {
  if (!Array.isArray(answer) || !answer.every(Number.isInteger)) throw unexpectedAnswer();
  const [mark, time, isAtHand, ...rest] = answer as number[];
  if (mark === undefined || mark > 1 || (isAtHand === 1 && rest.length !== 3 * wanted))
    throw unexpectedAnswer();
  const counts = Array.from({ length: wanted }, (_, index) => {
    const [granted = 0, current = 0, previous = 0] = rest.slice(3 * index, 3 * index + 3);
    return { granted, current, previous };
  });
  return {
    isRevoked: mark === 1,
    now: time === 0 ? undefined : time,
    counts: isAtHand === 1 ? counts : undefined,
  };
}

import type { CallCounts, Want } from '../../src/store/callCounts.ts';

/** What the script does, in words of its own: tests hold the two against each other. */
export interface CallCountsModel extends CallCounts {
  revoked: Set<string>;
  /** Counts by key and window. */
  counts: Map<string, number>;
}

/** @param now Redis's clock, milliseconds since the epoch */
export function createCallCountsModel(now: () => number): CallCountsModel {
  const revoked = new Set<string>();
  const counts = new Map<string, number>();

  const read = ({ key, index, correction, previousCorrection }: Want) => ({
    current: Math.max(0, (counts.get(`${key}:${index}`) ?? 0) + correction),
    previous: Math.max(0, (counts.get(`${key}:${index - 1}`) ?? 0) + previousCorrection),
  });

  function leftOf(want: Want, at: number): number {
    const { current, previous } = read(want);
    const position = (at % want.windowMilliseconds) / want.windowMilliseconds;
    return want.limit - (want.slides ? Math.floor((1 - position) * previous) : 0) - current;
  }

  return {
    revoked,
    counts,
    async take(session, given, wants) {
      const at = given ?? now();
      const isRevoked = session !== undefined && revoked.has(session);
      const told = given === undefined ? at : undefined;
      if (wants.some(({ index, windowMilliseconds }) => Math.floor(at / windowMilliseconds) !== index)) {
        return { isRevoked, now: told, counts: undefined };
      }
      const suffices = !isRevoked && wants.every((want) => want.need <= leftOf(want, at));
      const taken = wants.map((want) => {
        const left = leftOf(want, at);
        const { need, waiting, inHand, reserve } = want;
        const spare = Math.min(reserve, Math.floor((left + inHand) / 8)) - inHand;
        const granted =
          suffices && left > 0 ? Math.max(need, Math.min(need + waiting, left), Math.min(spare, left)) : 0;
        const { current, previous } = read(want);
        return { granted, current: current + granted, previous };
      });
      for (const [index, want] of wants.entries()) {
        const { granted = 0, current = 0, previous = 0 } = taken[index] ?? {};
        if (granted > 0 || want.correction !== 0) counts.set(`${want.key}:${want.index}`, current);
        if (want.previousCorrection !== 0) counts.set(`${want.key}:${want.index - 1}`, previous);
      }
      return { isRevoked, now: told, counts: taken };
    },
  };
}

import { type Finding, type FindingId, finding } from '../findings.ts';
import type { Check, Trial } from '../trial.ts';

/** Whether all clocks agree: a token lives minutes, and verifiers allow for 30 seconds. */
export const clockCheck: Check = {
  id: 'clocks',
  title: 'Clocks of the site, its backend and this machine',
  needs: ['settings'],
  run: checkClocks,
};

/** Less than verifiers allow for, with a second for the way and one for `Date`, which has no fractions. */
const toleratedSeconds = 28;

async function checkClocks({ clocks }: Trial): Promise<Finding[]> {
  const { platform, broker, backend } = clocks;
  const known = Object.values(clocks).filter((seconds) => seconds !== undefined);
  const right = median([0, ...known]);
  const readings: readonly [FindingId, number | undefined][] = [
    // Where the platform's own clock is off, so are those of its functions.
    ['clock_site', broker ?? platform],
    ['clock_backend', backend],
    ['clock_here', 0],
  ];
  return readings.flatMap(([id, seconds]) => {
    if (seconds === undefined || Math.abs(seconds - right) <= toleratedSeconds) return [];
    return [finding(id, { detail: `It is ${describeOffset(seconds - right)}.` })];
  });
}

/** The reading that most agree with; of two, the one of this machine. */
function median(seconds: readonly number[]): number {
  if (seconds.length < 3) return seconds[0] ?? 0;
  return seconds.toSorted((a, b) => a - b)[Math.floor((seconds.length - 1) / 2)] ?? 0;
}

function describeOffset(seconds: number): string {
  const size = Math.abs(seconds);
  const text = size < 120 ? `${Math.round(size)} seconds` : `${Math.round(size / 60)} minutes`;
  return `${text} ${seconds > 0 ? 'fast' : 'slow'}`;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/**
 * A length of time in words, in at most two units: "4 minutes 31 seconds", "12 hours".
 * @param seconds rounded down; below 0 counts as 0
 */
export function durationInWords(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const first = units.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0 seconds';
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.join(' ');
}

/** A countdown: "4:31", "1:02:09". */
export function clock(seconds: number): string {
  const rest = Math.max(0, Math.floor(seconds));
  const pad = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes, last] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, pad(rest % 60)];
  return hours > 0 ? `${hours}:${pad(minutes)}:${last}` : `${minutes}:${last}`;
}

/** A time as the visitor's wall clock shows it, to the second. */
export function timeOfDay(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toLocaleTimeString(undefined, {
    hourCycle: 'h23',
  });
}

/** Milliseconds as people read them: "0.8 ms", "43 ms", "1.2 s". */
export function milliseconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} ms`;
  return value < 999.5 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** `1 mistake`, `2 mistakes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `1`, `1 and 2`, `1, 2 and 3`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

const units: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A length of time in its two largest units: `66 minutes` is `1 hour 6 minutes`. */
export function formatDuration(seconds: number): string {
  let rest = Math.round(Math.abs(seconds));
  if (rest === 0) return '0 seconds';
  const parts = units.map(([unit, length]) => {
    const number = Math.floor(rest / length);
    rest -= number * length;
    return number === 0 ? '' : count(number, unit);
  });
  const first = parts.findIndex((part) => part !== '');
  return parts
    .slice(first, first + 2)
    .filter((part) => part !== '')
    .join(' ');
}

/** A time as it lies to the present, and in UTC: `in 4 minutes (2026-11-29 12:04:00 UTC)`; both in seconds since the epoch. */
export function formatTime(seconds: number, now: number): string {
  const away = formatDuration(seconds - now);
  const relative = seconds === now ? 'now' : seconds > now ? `in ${away}` : `${away} ago`;
  return `${relative} (${formatUtc(seconds)})`;
}

/** `2026-11-29 12:04:00 UTC`, or what it is instead of a time. */
export function formatUtc(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return 'no time that a calendar has';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

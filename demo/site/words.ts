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

const edge = 10;

/** A token cut down to the part that tells it from others, so that no screenshot holds a whole one. */
export function shortenTokens(text: string): string {
  return text.replace(/eyJ[\w-]+\.[\w-]*\.[\w-]*/g, (token) => {
    const [head = '', , signature = ''] = token.split('.');
    return `${head.slice(0, edge)}…${signature === '' ? '.' : signature.slice(-6)}`;
  });
}

/** The beginning of a long random name, enough to tell it from others, and an e-mail's domain. */
export function shortenName(name: unknown): string {
  const [local = '', domain] = String(name).split('@');
  const short = local.length > 14 ? `${local.slice(0, 12)}…` : local;
  return domain === undefined ? short : `${short}@${domain}`;
}

/** How a status is coloured: as an answer, a refusal, or trouble that passes. */
export function kindOf(status: number): 'ok' | 'refused' | 'trouble' {
  if (status >= 200 && status < 300) return 'ok';
  return status === 429 || status === 0 || status >= 500 ? 'trouble' : 'refused';
}

/** One item of a RateLimit or RateLimit-Policy field (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitItem {
  name: string;
  parameters: Readonly<Record<string, number>>;
}

/** Reads a RateLimit or RateLimit-Policy field: a list of strings with whole numbers as parameters (RFC 9651). */
export function parseLimits(field: string | null): LimitItem[] {
  const items: LimitItem[] = [];
  for (const [, name = '', rest = ''] of (field ?? '').matchAll(/"([^"]*)"((?:\s*;\s*[a-z]+=-?\d+)*)/g)) {
    const parameters: Record<string, number> = {};
    for (const [, key = '', value] of rest.matchAll(/([a-z]+)=(-?\d+)/g)) parameters[key] = Number(value);
    items.push({ name, parameters });
  }
  return items;
}

/** How many calls a limit of that name leaves, when the answer says. */
export function remaining(headers: Headers, name: string): number | undefined {
  return parseLimits(headers.get('ratelimit')).find((item) => item.name === name)?.parameters.r;
}

/** What an answer's RateLimit fields say, one sentence for each limit. */
export function limitsInWords(headers: Headers): string[] {
  const policies = parseLimits(headers.get('ratelimit-policy'));
  return parseLimits(headers.get('ratelimit')).map(({ name, parameters }) => {
    const { q: quota, w: windowSeconds } = policies.find((policy) => policy.name === name)?.parameters ?? {};
    const { r: left, t: resetSeconds } = parameters;
    const of = quota === undefined ? '' : ` of ${quota}`;
    const window = windowSeconds === undefined ? '' : ` in ${durationInWords(windowSeconds)}`;
    const reset = resetSeconds === undefined ? '' : `; the window ends in ${durationInWords(resetSeconds)}`;
    return `${whose(name)}: ${left ?? 'unknown'}${of} calls left${window}${reset}.`;
  });
}

function whose(name: string): string {
  if (name === 'session') return 'This session';
  if (name === 'address') return 'This IP address';
  return `Limit “${name}”`;
}

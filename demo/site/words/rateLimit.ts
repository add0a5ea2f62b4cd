import { durationInWords } from './duration.ts';

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
  if (name === 'address') return 'This network address';
  return `Limit “${name}”`;
}

import { type Exchange, textOf } from '../wire/exchange.ts';
import { parseLimits } from '../words.ts';
import type { LabKit } from './kit.ts';

/** The address behind the gate that the attacks are after. */
export const target = '/api/hello';

/** Calls the API with a token, or with none, and whatever else an attacker adds. */
export function callApi(
  { send }: LabKit,
  token: string | undefined,
  { path = target, headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Exchange> {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return send('GET', path, { headers: { ...authorization, ...headers } });
}

/** How many calls more than the limit allows. */
const excess = 6;
const atOnce = 6;
/** A policy with a wider limit than this is not flooded from a page. */
const maxCalls = 306;

/**
 * Makes more calls than a session has in its window.
 * @param pass of a session that has made no call yet
 */
export async function floodCalls(kit: LabKit, pass: string): Promise<Exchange[]> {
  const first = await callApi(kit, pass);
  const total = Math.min(sessionLimit(first) + excess, maxCalls);
  return [first, ...(await manyCalls(kit, pass, total - 1))];
}

/** Calls the API so many times, a few at once. */
export async function manyCalls(kit: LabKit, token: string, total: number): Promise<Exchange[]> {
  const calls: Exchange[] = [];
  while (calls.length < total) {
    const length = Math.min(atOnce, total - calls.length);
    calls.push(...(await Promise.all(Array.from({ length }, () => callApi(kit, token)))));
  }
  return calls;
}

function sessionLimit({ answer }: Exchange): number {
  const policies = parseLimits(answer.headers.get('ratelimit-policy'));
  return policies.find(({ name }) => name === 'session')?.parameters.q ?? 60;
}

/** How calls were answered: "66 calls: 60 answered 200, 6 answered 429 rate_limited." */
export function answersInWords(calls: readonly Exchange[]): string {
  const kinds = new Map<string, number>();
  for (const { answer } of calls) {
    const kind = answer.status === 0 ? 'not at all' : answerInWords(answer);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const parts = [...kinds].map(([kind, count]) => `${count} answered ${kind}`);
  return `${calls.length} calls: ${parts.join(', ')}.`;
}

function answerInWords({ status, body }: Exchange['answer']): string {
  const code = textOf(body, 'code');
  return code === undefined ? String(status) : `${status} ${code}`;
}

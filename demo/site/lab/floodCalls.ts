import type { Exchange } from '../net/exchange.ts';
import { parseLimits } from '../words/rateLimit.ts';
import { callApi } from './callApi.ts';
import type { LabKit } from './kit.ts';

/** How many calls more than the limit allows. */
const excess = 6;
const atOnce = 6;
/** A policy with a wider limit than this is not flooded from a page. */
const mostCalls = 306;

/**
 * Makes more calls than a session has in its window.
 * @param pass of a session that has made no call yet
 */
export async function floodCalls(kit: LabKit, pass: string): Promise<Exchange[]> {
  const first = await callApi(kit, pass);
  const total = Math.min(sessionLimit(first) + excess, mostCalls);
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

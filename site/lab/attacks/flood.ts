import type { Exchange } from '../../net/exchange.ts';
import { parseLimits } from '../../words/rateLimit.ts';
import { type Attack, outcome } from '../attack.ts';
import { callApi } from '../callApi.ts';

/** How many calls more than the limit allows. */
const excess = 6;
const atOnce = 6;
/** A policy with a wider limit than this is not flooded from a page. */
const mostCalls = 306;

export const flood: Attack = {
  id: 'flood',
  title: 'A flood over the limit',
  attempt: 'Makes more calls than a session has in a minute, in a session of its own.',
  why: 'Redis counts the calls of each session; over the limit the gate answers 429 and says when to come back.',
  async run(kit) {
    const pass = await kit.freshPass();
    const calls: Exchange[] = [await callApi(kit, pass)];
    const total = Math.min(sessionLimit(calls[0]) + excess, mostCalls);
    while (calls.length < total) {
      const length = Math.min(atOnce, total - calls.length);
      calls.push(...(await Promise.all(Array.from({ length }, () => callApi(kit, pass)))));
    }
    const passed = calls.filter(({ answer }) => answer.status === 200);
    const refused = calls.filter(({ answer }) => answer.status === 429);
    const held =
      refused.length > 0 &&
      passed.length + refused.length === total &&
      refused.every(({ answer }) => Number(answer.headers.get('retry-after')) > 0);
    const shown = [passed, refused].flatMap((some) => {
      const last = some.at(-1);
      return last ? [{ ...last, times: some.length }] : [];
    });
    return {
      ...outcome(held, shown.length > 0 ? shown : calls.slice(0, 1), 'Limited'),
      note: `${total} calls: ${passed.length} answered 200, ${refused.length} answered 429.`,
    };
  },
};

function sessionLimit(call: Exchange | undefined): number {
  const policies = parseLimits(call?.answer.headers.get('ratelimit-policy') ?? null);
  return policies.find(({ name }) => name === 'session')?.parameters.q ?? 60;
}

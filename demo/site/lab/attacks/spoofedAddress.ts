import type { Exchange } from '../../net/exchange.ts';
import { parseLimits } from '../../words/rateLimit.ts';
import { type Attack, outcome } from '../attack.ts';
import { callApi } from '../callApi.ts';

/** Addresses for documentation (RFC 5737): nobody's. */
const addresses = ['203.0.113.7', '198.51.100.9'];

export const spoofedAddress: Attack = {
  id: 'spoofed-address',
  title: 'A spoofed X-Forwarded-For',
  attempt: 'Claims a new network address with each call, to be counted as a new caller.',
  why: 'The gate takes the caller’s address from the platform alone and passes no such field on.',
  async run(kit) {
    const pass = await kit.sharedPass();
    const calls: Exchange[] = [];
    for (const address of addresses) {
      const headers = {
        'X-Forwarded-For': address,
        'X-Real-IP': address,
        Forwarded: `for=${address}`,
      };
      calls.push(await callApi(kit, pass, { path: '/api/headers', headers }));
    }
    const answered = calls.every(({ answer }) => answer.status === 200);
    const arrived = calls.some(({ answer }) =>
      addresses.some((address) => JSON.stringify(answer.body).includes(address)),
    );
    const left = calls.map(({ answer }) => addressLimit(answer.headers));
    // A bucket of its own would be full but for this one call.
    const counted = left.every((limit) => limit !== undefined) && (left[1]?.r ?? 0) < (left[1]?.q ?? 0) - 1;
    return {
      ...outcome(answered && !arrived && counted, calls, 'Ignored'),
      note: `Calls left for the real address: ${left.map((limit) => limit?.r ?? 'unknown').join(', then ')}: one bucket. The API ${arrived ? 'saw a forged address.' : 'saw none of the forged fields.'}`,
    };
  },
};

function addressLimit(headers: Headers): { r: number; q: number } | undefined {
  const find = (field: string) =>
    parseLimits(headers.get(field)).find(({ name }) => name === 'address')?.parameters;
  const [r, q] = [find('ratelimit')?.r, find('ratelimit-policy')?.q];
  return r === undefined || q === undefined ? undefined : { r, q };
}

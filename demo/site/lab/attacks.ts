import { identityPath } from '../../../src/protocol/wire.ts';
import type { Exchange } from '../wire/exchange.ts';
import { parseLimits } from '../words.ts';
import { type Attack, expectRefusal, isRefusal, outcome } from './attack.ts';
import { callApi, floodCalls } from './calls.ts';
import { SetupError } from './kit.ts';
import { emptyHanded, forged, identityToken, revokedSession } from './tokenAttacks.ts';

const exchangedTwice: Attack = {
  id: 'exchanged-twice',
  title: 'One Identity token, exchanged twice at once',
  attempt: 'Sends two exchanges of the same token in parallel, hoping for two sessions.',
  why: 'The broker reserves the user’s redemption in Redis before it deletes the user. That succeeds once, so only one exchange wins.',
  async run(kit) {
    const token = await kit.identityToken();
    const both = await Promise.all([kit.exchange(token), kit.exchange(token)]);
    const limited = both.find(({ answer }) => answer.status === 429);
    if (limited) throw new SetupError(limited);
    const granted = both.filter(({ answer }) => answer.status === 200);
    const refused = both.filter(({ answer }) =>
      isRefusal(answer, {
        status: 400,
        codes: ['already_exchanged', 'subject_token_user_gone'],
      }),
    );
    for (const exchanged of granted) kit.keepPass(exchanged);
    return {
      ...outcome(granted.length === 1 && refused.length === 1, both, 'One granted, one refused'),
      note: `${granted.length} access token${granted.length === 1 ? '' : 's'} issued, ${refused.length} refused.`,
    };
  },
};

const memberExchanged: Attack = {
  id: 'member',
  title: 'A member’s Identity token, exchanged',
  attempt: 'Logs in as a real user of the site and exchanges that token, which would delete the user.',
  why: 'Only fresh users of the throwaway domain may be exchanged and deleted; all others are left alone.',
  local: true,
  async run(kit) {
    const member = await kit.createMember();
    try {
      const exchanged = await kit.exchange(member.identityToken);
      if (exchanged.answer.status === 429) throw new SetupError(exchanged);
      const headers = { Authorization: `Bearer ${member.identityToken}` };
      const asked = await kit.send('GET', `${identityPath}/user`, { headers });
      const refused = isRefusal(exchanged.answer, {
        status: 403,
        codes: ['not_throwaway'],
      });
      const alive = asked.answer.status === 200;
      return {
        ...outcome(refused && alive, [exchanged, asked]),
        note: alive
          ? 'Afterwards Identity still knows the member.'
          : 'Afterwards Identity no longer knows the member.',
      };
    } finally {
      await kit.deleteMember(member.id);
    }
  },
};

const flood: Attack = {
  id: 'flood',
  title: 'A flood over the limit',
  attempt: 'Makes more calls than a session has in a minute, in a session of its own.',
  why: 'The gate leases calls from Redis, which grants each session no more than its limit; over it the gate answers 429 and says when to come back.',
  async run(kit) {
    const pass = await kit.freshPass();
    const tripsBefore = await kit.roundTrips();
    const calls = await floodCalls(kit, pass);
    const tripsAfter = await kit.roundTrips();
    const passed = calls.filter(({ answer }) => answer.status === 200);
    const refused = calls.filter(({ answer }) => answer.status === 429);
    const held =
      refused.length > 0 &&
      passed.length + refused.length === calls.length &&
      refused.every(({ answer }) => Number(answer.headers.get('retry-after')) > 0);
    const shown = [passed, refused].flatMap((some) => {
      const last = some.at(-1);
      return last ? [{ ...last, times: some.length }] : [];
    });
    return {
      ...outcome(held, shown.length > 0 ? shown : calls.slice(0, 1), 'Limited'),
      note: [
        `${calls.length} calls: ${passed.length} answered 200, ${refused.length} answered 429.`,
        ...leaseInWords(calls.length, tripsBefore, tripsAfter),
      ].join(' '),
    };
  },
};

/** What a flood costs in requests to Redis, where they are counted. */
function leaseInWords(calls: number, before: number | undefined, after: number | undefined): string[] {
  if (before === undefined || after === undefined) return [];
  const trips = after - before;
  const rate = `${trips} round trips to Redis, ${(trips / calls).toFixed(2)} a call`;
  return [trips < calls ? `${rate}: the gate leases calls ahead.` : `${rate}.`];
}

/** Addresses reserved for documentation (RFC 5737). */
const addresses = ['203.0.113.7', '198.51.100.9'];

const spoofedAddress: Attack = {
  id: 'spoofed-address',
  title: 'A spoofed X-Forwarded-For',
  attempt: 'Claims a new IP address with each call, to be counted as a new caller.',
  why: 'The gate takes the caller’s IP address only from the platform, and passes no such field on.',
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

const climbingPath: Attack = {
  id: 'climbing-path',
  title: 'A path that climbs out of the upstream',
  attempt: 'Hides slashes as %2f, which no browser tidies up, to get from /api to its neighbours.',
  why: 'Upstreams differ in what they make of an encoded slash, so such a path is refused, never repaired.',
  async run(kit) {
    const called = await callApi(kit, await kit.sharedPass(), {
      path: '/api/%2f..%2fadmin',
    });
    return expectRefusal(called, { status: 400, codes: ['path_refused'] });
  },
};

/** The lab's lines, in order. A new attack is one entry here. */
export const attacks: readonly Attack[] = [
  ...emptyHanded,
  ...forged,
  identityToken,
  exchangedTwice,
  memberExchanged,
  revokedSession,
  flood,
  spoofedAddress,
  climbingPath,
];

import { afterEach, expect, test, vi } from 'vitest';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { command } from '../support/redisParts.ts';
import { sign } from '../support/tokens.ts';

let stack: BrokerStack;
afterEach(async () => {
  vi.useRealTimers();
  await stack.close();
});

const anHour = (limit: number) => ({ limit, windowSeconds: 3600, algorithm: 'fixed-window' }) as const;
const start = async (limits: NonNullable<PolicyInput['limits']>) => {
  stack = await startBrokerStack({ policy: { limits } });
};
const attacker = '198.51.100.1';

function exchangeFrom(address: string, token: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: jwtTokenType,
  });
  return Promise.resolve(stack.request('/session/token', { method: 'POST', body }, address)).then(outcome);
}

/** A well-made Identity token of nobody, which only Identity can tell from a real one. */
const junk = () =>
  sign({ alg: 'HS256', typ: 'JWT', kid: 'nf-ident' }, { exp: 4_000_000_000, sub: crypto.randomUUID() });

/** What was counted under a limit's name, over all callers. */
async function counted(name: string): Promise<number> {
  const keys = (await command(stack.redis, 'KEYS', `daypass:limit:${name}:*`)) as string[];
  const counts = await Promise.all(keys.map(async (key) => Number(await command(stack.redis, 'GET', key))));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function idOf(email: string): Promise<string> {
  return stack.identity.users.list().find((user) => user.email === email)?.id ?? '';
}

test('an exchange that is sent 30 times at once counts once, for its address and for the site', async () => {
  await start({ site: anHour(5), exchange: anHour(5), exchangeRefused: anHour(1000) });
  for (let signUps = 0; signUps < 3; signUps += 1) {
    const token = await stack.identityToken();
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => exchangeFrom(attacker, token)));
    expect(outcomes.filter((result) => result === '200')).toHaveLength(1);
  }
  expect([await counted('site'), await counted('exchange')]).toEqual([3, 3]);
  expect(await exchangeFrom(attacker, await stack.identityToken())).toBe('200');
});

test('a refusal that the instance remembers says when the last of the limits has room', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  const aMinute = { limit: 1, windowSeconds: 60, algorithm: 'fixed-window' } as const;
  await start({ exchange: aMinute, site: anHour(1) });
  expect(await exchangeFrom(attacker, await stack.identityToken())).toBe('200');
  const refused = async () => {
    const body = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: await stack.identityToken(),
      subject_token_type: jwtTokenType,
    });
    const { headers } = await stack.request('/session/token', { method: 'POST', body }, attacker);
    return [headers.get('retry-after'), headers.get('ratelimit')];
  };
  const said = ['3600', '"exchange";r=0;t=60, "site";r=0;t=3600'];
  expect(await refused()).toEqual(said);
  const before = stack.redis.requests;
  expect(await refused()).toEqual(said);
  expect(stack.redis.requests).toBe(before);
});

test('junk does not use up what honest callers behind its address need', async () => {
  await start({ exchange: anHour(2), exchangeRefused: anHour(50) });
  for (let tries = 0; tries < 30; tries += 1) {
    expect(await exchangeFrom(attacker, await junk())).toBe('400 subject_token_rejected');
  }
  expect(await counted('exchange')).toBe(0);
  expect(await exchangeFrom(attacker, await stack.identityToken())).toBe('200');
});

test('junk has a limit of its own, of the address that sends it', async () => {
  await start({ exchangeRefused: anHour(3) });
  for (let tries = 0; tries < 3; tries += 1) await exchangeFrom(attacker, await junk());
  // This one is over: Identity is asked no more.
  await exchangeFrom(attacker, await junk());
  stack.identity.faults.hangPaths = ['/user'];
  expect(await exchangeFrom(attacker, await junk())).toBe('429 rate_limited');
  stack.identity.faults.hangPaths = [];
  expect(await exchangeFrom('198.51.100.2', await stack.identityToken())).toBe('200');
});

test('with junk that never ends from its own address, an honest caller waits a window at most and gets its pass', async () => {
  // The client's own timers must run: only the clock stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_002_000 });
  await start({ exchangeRefused: { ...defaultLimits.exchangeRefused, limit: 3 } });
  const token = await stack.identityToken();
  for (let tries = 0; tries < 4; tries += 1) await exchangeFrom(attacker, await junk());
  for (const seconds of [3, 2, 1]) {
    const body = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: token,
      subject_token_type: jwtTokenType,
    });
    const refusal = await stack.request('/session/token', { method: 'POST', body }, attacker);
    expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([429, `${seconds}`]);
    await exchangeFrom(attacker, await junk());
    vi.setSystemTime(Date.now() + 1000);
  }
  vi.setSystemTime(Date.now() + 1);
  await exchangeFrom(attacker, await junk());
  expect(await exchangeFrom(attacker, token)).toBe('200');
});

test('what Identity believed and what made no session counts as refused: members, replays', async () => {
  await start({ exchange: anHour(2), exchangeRefused: anHour(50) });
  const member = await stack.identityToken('member@example.com');
  for (let tries = 0; tries < 5; tries += 1) {
    expect(await exchangeFrom(attacker, member)).toBe('403 not_throwaway');
  }
  const token = await stack.identityToken('taken@visitor.invalid');
  await stack.broker.redemptions.reserve(await idOf('taken@visitor.invalid'));
  for (let tries = 0; tries < 5; tries += 1) {
    expect(await exchangeFrom(attacker, token)).toBe('400 already_exchanged');
  }
  expect([await counted('exchange'), await counted('exchangeRefused')]).toEqual([0, 10]);
});

test('a token that Identity refused costs nothing when it comes again', async () => {
  await start({ exchangeRefused: anHour(3) });
  const [broken, gone] = [await junk(), await stack.identityToken()];
  expect(await exchangeFrom(attacker, gone)).toBe('200');
  const codes = [
    [broken, '400 subject_token_rejected'],
    [gone, '400 subject_token_user_gone'],
  ] as const;
  for (const [token, code] of codes) expect(await exchangeFrom(attacker, token)).toBe(code);
  stack.identity.faults.hangPaths = ['/user'];
  const before = stack.redis.requests;
  for (let tries = 0; tries < 10; tries += 1) {
    for (const [token, code] of codes) expect(await exchangeFrom(attacker, token)).toBe(code);
  }
  expect(stack.redis.requests).toBe(before);
});

test('a token that is refused without a network call costs nothing, and its sender waits for no other caller', async () => {
  await start({ exchange: anHour(1), exchangeRefused: anHour(1) });
  const expired = await sign({ alg: 'HS256' }, { exp: 1_600_000_000, sub: crypto.randomUUID() });
  const before = stack.redis.requests;
  for (let tries = 0; tries < 5; tries += 1) {
    expect(await exchangeFrom(attacker, expired)).toBe('400 subject_token_expired');
  }
  expect(stack.redis.requests).toBe(before);
});

test('over the limit of the site, the reservation is released and the same token is good for later', async () => {
  await start({ site: anHour(1) });
  const [first, second] = [await stack.identityToken(), await stack.identityToken('later@visitor.invalid')];
  expect(await exchangeFrom(attacker, first)).toBe('200');
  const user = await idOf('later@visitor.invalid');
  for (let tries = 0; tries < 3; tries += 1) {
    expect(await exchangeFrom('203.0.113.9', second)).toBe('429 rate_limited');
  }
  expect(await idOf('later@visitor.invalid')).toBe(user);
  const nonce = await stack.broker.redemptions.reserve(user);
  expect(nonce).toBeTypeOf('string');
  // Its address has begun no session.
  expect(await counted('exchange')).toBe(1);
});

test('an address over its limit does not use up that of the site, and keeps its user', async () => {
  await start({ site: anHour(10), exchange: anHour(1) });
  for (let signUps = 0; signUps < 5; signUps += 1) {
    const email = `visitor${signUps}@visitor.invalid`;
    const token = await stack.identityToken(email);
    expect(await exchangeFrom(attacker, token)).toBe(signUps === 0 ? '200' : '429 rate_limited');
    expect((await idOf(email)) === '').toBe(signUps === 0);
  }
  expect(await counted('site')).toBe(1);
});

test('several of one address at once: its limit holds, and the site counts those that got a token', async () => {
  await start({ site: anHour(100), exchange: anHour(2) });
  const tokens = await Promise.all(Array.from({ length: 8 }, () => stack.identityToken()));
  const outcomes = await Promise.all(tokens.map((token) => exchangeFrom(attacker, token)));
  expect(outcomes.filter((result) => result === '200')).toHaveLength(2);
  expect(await counted('site')).toBe(2);
});

test('a DELETE that Identity refuses gives back what was counted', async () => {
  await start({ site: anHour(2), exchange: anHour(2) });
  const token = await stack.identityToken('again@visitor.invalid');
  const path = `/admin/users/${await idOf('again@visitor.invalid')}`;
  stack.identity.faults.answer = { [path]: 500 };
  for (let tries = 0; tries < 5; tries += 1) {
    expect(await exchangeFrom(attacker, token)).toBe('503 identity_unavailable');
  }
  expect([await counted('site'), await counted('exchange')]).toEqual([0, 0]);
  stack.identity.faults.answer = {};
  expect(await exchangeFrom(attacker, token)).toBe('200');
});

test('an exchange counts as refused whatever kept it from a session once Identity was asked', async () => {
  await start({ exchangeRefused: anHour(3) });
  stack.identity.faults.answer = { '/user': 500 };
  for (let tries = 0; tries < 4; tries += 1) {
    expect(await exchangeFrom(attacker, await junk())).toBe('503 identity_unavailable');
  }
  expect(await exchangeFrom(attacker, await junk())).toBe('429 rate_limited');
  expect(await exchangeFrom('198.51.100.2', await junk())).toBe('503 identity_unavailable');
});

test('while Redis is away, what Identity is asked is still limited, in the memory of the instance', async () => {
  await start({ exchangeRefused: anHour(3) });
  const token = await stack.identityToken();
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await exchangeFrom(attacker, token)).toBe('503 store_unavailable');
  for (let tries = 0; tries < 2; tries += 1) {
    expect(await exchangeFrom(attacker, await junk())).toBe('400 subject_token_rejected');
  }
  for (const next of [token, await junk()]) {
    expect(await exchangeFrom(attacker, next)).toBe('429 rate_limited');
  }
  stack.redis.setFault(undefined);
  expect(await exchangeFrom('198.51.100.2', token)).toBe('200');
});

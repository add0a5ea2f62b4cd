import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCeilings, createSessionCheck } from '../../src/gate/checkSession.ts';
import type { Decision } from '../../src/limits/meter.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { newSubject } from '../../src/token/mint.ts';
import { connectSessionCheck, uncounted } from '../support/gateParts.ts';
import { command, keysForEver, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A refusal is believed for a second, by this clock too: a busy machine takes longer for some calls. */
function stopSteadyClock(): void {
  vi.spyOn(performance, 'now').mockReturnValue(performance.now());
}

describe('one Redis round trip', () => {
  test.each([
    ['IPv4: revocation and two limits', '203.0.113.7'],
    ['IPv6: revocation and three limits', '2001:db8::1'],
    ['no address: revocation and two limits', undefined],
  ])('%s', async (_name, address) => {
    const { checkSession } = connectSessionCheck(bridge());
    await checkSession(newSubject(), '2001:db8::1');
    const before = { requests: bridge().requests, commands: bridge().commands };
    await checkSession(newSubject(), address);
    expect(bridge().requests - before.requests).toBe(1);
    expect(bridge().commands - before.commands).toBe(1);
  });

  test('for a refusal too', async () => {
    const { checkSession } = connectSessionCheck(bridge());
    const { revocations, hashIdentifier } = connectSessionCheck(bridge());
    const subject = newSubject();
    await checkSession(subject, '203.0.113.7');
    await revocations.revoke(await hashIdentifier(subject), 60);
    const before = bridge().requests;
    expect(await codeOf(() => checkSession(subject, '203.0.113.7'))).toBe('token_revoked');
    expect(bridge().requests - before).toBe(1);
  });
});

test('the answers of every limit come back, in order', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { session: 5, address: 50, network: 500 });
  const ofIpv6 = await checkSession(newSubject(), '2001:db8::1');
  expect(ofIpv6.map(({ name, remaining }) => [name, remaining])).toEqual([
    ['session', 4],
    ['address', 49],
    ['network', 499],
  ]);
  const ofIpv4 = await checkSession(newSubject(), '203.0.113.7');
  expect(ofIpv4.map(({ name }) => name)).toEqual(['session', 'address']);
});

test('a revoked session is refused by every instance from the next call on, and no other session is', async () => {
  const [here, there] = [connectSessionCheck(bridge()), connectSessionCheck(bridge())];
  const subject = newSubject();
  await here.checkSession(subject, '203.0.113.7');
  await there.revocations.revoke(await there.hashIdentifier(subject), 60);
  expect(await codeOf(() => here.checkSession(subject, '203.0.113.7'))).toBe('token_revoked');
  expect(await codeOf(() => there.checkSession(subject, '198.51.100.1'))).toBe('token_revoked');
  await here.checkSession(newSubject(), '203.0.113.7');
});

test('a session is limited wherever it calls from, and its neighbour is not', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { session: 2 });
  const subject = newSubject();
  await checkSession(subject, '203.0.113.7');
  await checkSession(subject, '198.51.100.1');
  expect(await codeOf(() => checkSession(subject, '192.0.2.9'))).toBe('rate_limited');
  await checkSession(newSubject(), '203.0.113.7');
});

test('calls that need no token use up nothing that its neighbours with a pass need, nor the other way round', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { address: 2, network: 2 });
  for (const address of ['203.0.113.7', '2001:db8:1:1::1']) {
    for (const subject of [() => undefined, newSubject]) {
      await checkSession(subject(), address);
      await checkSession(subject(), address);
      expect(await codeOf(() => checkSession(subject(), address))).toBe('rate_limited');
    }
  }
});

test('an address is limited however many sessions it starts, in any of its spellings', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { address: 3 });
  await checkSession(newSubject(), '203.0.113.7');
  await checkSession(newSubject(), '::ffff:203.0.113.7');
  await checkSession(newSubject(), '::ffff:cb00:7107');
  expect(await codeOf(() => checkSession(newSubject(), '203.0.113.7'))).toBe('rate_limited');
  await checkSession(newSubject(), '203.0.113.8');
});

test('a /64 is one address, and a /48 is limited beyond it', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { address: 2, network: 3 });
  await checkSession(newSubject(), '2001:db8:1:1::1');
  await checkSession(newSubject(), '2001:db8:1:1:ffff::2');
  expect(await codeOf(() => checkSession(newSubject(), '2001:db8:1:1::3'))).toBe('rate_limited');
  // The refused call counted for nothing.
  await checkSession(newSubject(), '2001:db8:1:2::1');
  expect(await codeOf(() => checkSession(newSubject(), '2001:db8:1:2::1'))).toBe('rate_limited');
  await checkSession(newSubject(), '2001:db8:2:1::1');
});

test('the flood of an address, with fresh sessions or none, leaves its /48 usable and costs Redis nothing', async () => {
  stopSteadyClock();
  const { checkSession } = connectSessionCheck(bridge(), { address: 5, network: 25 });
  const flood = async (calls: number, subject: () => string | undefined) => {
    const codes = [];
    for (let call = 0; call < calls; call += 1)
      codes.push(await codeOf(() => checkSession(subject(), '2001:db8:1:1::5')));
    return codes;
  };
  await flood(6, newSubject);
  await flood(6, () => undefined);
  const before = bridge().requests;
  expect(new Set(await flood(50, newSubject))).toEqual(new Set(['rate_limited']));
  expect(new Set(await flood(50, () => undefined))).toEqual(new Set(['rate_limited']));
  expect(bridge().requests).toBe(before);
  const decisions = await checkSession(newSubject(), '2001:db8:1:2::9');
  // Five that passed, and this one.
  expect(decisions.map(({ name, remaining }) => [name, remaining])).toContainEqual(['network', 19]);
});

test('a /48 over its limit costs Redis nothing, however many of its /64 call', async () => {
  stopSteadyClock();
  const { checkSession } = connectSessionCheck(bridge(), { network: 2 });
  const call = (site: number) =>
    codeOf(() => checkSession(site % 2 ? newSubject() : undefined, `2001:db8:1:${site.toString(16)}::9`));
  for (let site = 0; site < 6; site += 1) await call(site);
  const before = bridge().requests;
  for (let site = 100; site < 200; site += 1) expect(await call(site)).toBe('rate_limited');
  expect(bridge().requests).toBe(before);
});

test('counts travel in the request of the limits', async () => {
  const { checkSession, counters } = connectSessionCheck(bridge());
  await checkSession(newSubject(), '203.0.113.7');
  counters.add('passed');
  counters.add('refused', { code: 'token_expired' });
  vi.setSystemTime(Date.now() + 1000);
  const before = { requests: bridge().requests, commands: bridge().commands };
  await checkSession(newSubject(), '203.0.113.7');
  expect(bridge().requests - before.requests).toBe(1);
  expect(bridge().commands - before.commands).toBe(2);
  const hash = await command(bridge(), 'HGETALL', 'daypass:stats:2027-01-15');
  expect(hash).toEqual(['passed - -', '1', 'refused token_expired -', '1']);
});

test('the refusal says when to come back, and names all limits', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { session: 1 });
  const subject = newSubject();
  await checkSession(subject, '203.0.113.7');
  const error = await checkSession(subject, '203.0.113.7').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'rate_limited',
    status: 429,
    retryAfterSeconds: 3600,
    headers: {
      'ratelimit-policy': '"session";q=1;w=3600, "address";q=1000;w=3600',
      ratelimit: '"session";r=0;t=3600, "address";r=999;t=3600',
    },
  });
});

test('the flood of one session leaves its address usable, and costs Redis nothing', async () => {
  const { checkSession } = connectSessionCheck(bridge(), { session: 2, address: 10 });
  const flooding = newSubject();
  const floods = async (calls: number) => {
    const codes = [];
    for (let call = 0; call < calls; call += 1)
      codes.push(await codeOf(() => checkSession(flooding, '203.0.113.7')));
    return codes;
  };
  await floods(3);
  const before = bridge().requests;
  expect(new Set(await floods(1000))).toEqual(new Set(['rate_limited']));
  expect(bridge().requests).toBe(before);
  const [, address] = await checkSession(newSubject(), '203.0.113.7');
  expect(address?.remaining).toBe(7);

  // The next window is a new one.
  vi.setSystemTime(Date.now() + 3_600_001);
  await checkSession(flooding, '203.0.113.7');
});

test('callers without an address share one limit, and the log says so once', async () => {
  const { checkSession, logged } = connectSessionCheck(bridge(), { address: 3 });
  await checkSession(newSubject(), '203.0.113.7');
  expect(logged).toEqual([]);
  await checkSession(newSubject(), undefined);
  await checkSession(newSubject(), '');
  await checkSession(newSubject(), 'not an address');
  expect(await codeOf(() => checkSession(newSubject(), undefined))).toBe('rate_limited');
  expect(logged).toEqual(['address_unknown']);
  await checkSession(newSubject(), '203.0.113.7');
});

test('no key names a session or an address, and every key has a time to live', async () => {
  const { checkSession, revocations, hashIdentifier } = connectSessionCheck(bridge());
  const subject = newSubject();
  await checkSession(subject, '203.0.113.7');
  await checkSession(subject, '2001:db8::1');
  await revocations.revoke(await hashIdentifier(subject), 60);
  const keys = ((await command(bridge(), 'KEYS', '*')) as string[]).join(' ');
  expect(keys.split(' ').length).toBeGreaterThanOrEqual(4);
  for (const name of [subject, '203.0.113.7', '2001:db8']) expect(keys).not.toContain(name);
  expect(await keysForEver(bridge())).toEqual([]);
});

test('a late answer lets no session through that is known to be revoked meanwhile', async () => {
  const parts = connectSessionCheck(bridge());
  const subject = newSubject();
  const session = await parts.hashIdentifier(subject);
  const checkSession = createSessionCheck({
    ...parts,
    policy: definePolicy(),
    leases: {
      async take() {
        // Another call has been told.
        parts.revocations.remember(session);
        return { isRevoked: false, decisions: [] };
      },
      takeLocally: () => [],
      charge: () => undefined,
      flush: async () => undefined,
    },
    log: () => undefined,
  });
  expect(await codeOf(() => checkSession(subject, '203.0.113.7'))).toBe('token_revoked');
});

const told: string[] = [];
let watch: ReturnType<typeof createCeilings>;
beforeEach(() => {
  told.length = 0;
  watch = createCeilings(uncounted, (event, fields) => told.push(`${event} ${fields?.ceiling}`));
});

/** @param remaining below 0: refused */
function see(remaining: number, name = 'total'): void {
  const allowed = remaining >= 0;
  const decision: Decision = {
    name,
    allowed,
    limit: 100,
    windowSeconds: 60,
    remaining: Math.max(0, remaining),
    resetSeconds: 9,
  };
  watch([decision], '/api/*');
}

test('a ceiling is reported once when a fifth is left, and once when it is reached', () => {
  for (const remaining of [50, 21, 20, 19, 0, -1, -1]) see(remaining);
  expect(told).toEqual(['ceiling_near total', 'ceiling_reached total']);
});

test('a window that slides opens a closed one a little: that is no news until it is wide open', () => {
  for (const remaining of [-1, 1, -1, 5]) see(remaining);
  expect(told).toEqual(['ceiling_reached total']);
  see(60);
  see(10);
  expect(told).toEqual(['ceiling_reached total', 'ceiling_near total']);
});

test('each ceiling is reported by itself, and no other limit is', () => {
  see(5, 'total');
  see(5, 'total /api/chat');
  see(5, 'total-86400');
  see(-1, 'session');
  see(-1, 'totally');
  expect(told).toEqual(['ceiling_near total', 'ceiling_near total /api/chat', 'ceiling_near total-86400']);
});

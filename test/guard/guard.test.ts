import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGuard, endpointOf, type Guard, type GuardLimiters } from '../../src/guard/guard.ts';
import {
  type CreateLimiter,
  createAddressLimiters,
  createStoredWindow,
  overWindows,
} from '../../src/limits/limiter.ts';
import { createLocalLimiters, createLocalWindow } from '../../src/limits/localLimiter.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import { createCircuit } from '../../src/store/circuit.ts';
import { createIdleTimer } from '../../src/store/clocks.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { patientBodies } from '../support/bodies.ts';
import { createManualTime, type ManualTime } from '../support/manualTime.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';
import { issuer, privateSecret } from '../support/tokens.ts';

const bridge = useRedisBridge();
const { hashIdentifier } = await createPrivateKeys(privateSecret);
/** The start of an hour. */
const windowStart = 1_800_000_000_000;

beforeEach(async () => {
  // The client's own timers must run: only the clock stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: windowStart });
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  bridge().setFault(undefined);
  vi.useRealTimers();
});

/** A guard over the bridge, as one instance of it. */
function connect(
  limits: Partial<Record<'signup' | 'login', number>> = {},
  timeoutMilliseconds = 5000,
  membersDenied = false,
  audience = '',
  time: Partial<ManualTime> = {},
) {
  const redis = patient(bridge());
  const logged: string[] = [];
  const limitersOf = (create: CreateLimiter): GuardLimiters => {
    const rule = { windowSeconds: 3600, algorithm: 'fixed-window' } as const;
    return {
      signup: createAddressLimiters(create, 'signup', [{ ...rule, limit: limits.signup ?? 2 }]),
      login: createAddressLimiters(create, 'login', [{ ...rule, limit: limits.login ?? 2 }]),
    };
  };
  const guard = createGuard({
    hashIdentifier,
    limiters: limitersOf(overWindows((meter) => createStoredWindow(redis, meter, () => Date.now()))),
    localLimiters: limitersOf(createLocalLimiters(() => Date.now())),
    circuit: createCircuit({
      idleTimer: createIdleTimer(),
      now: () => performance.now(),
      ...time,
      timeoutMilliseconds,
      onChange: (event) => logged.push(event),
    }),
    membersDenied,
    audience,
    bodies: patientBodies,
    log: (event) => logged.push(event),
  });
  return { guard, logged };
}

function call(
  guard: Guard,
  path: string,
  { address = '203.0.113.7', ...init }: RequestInit & { address?: string | undefined } = {},
): Promise<string> {
  const request = new Request(issuer + identityPath + path, { method: 'POST', ...init });
  return codeOf(() => guard(request, endpointOf(request), { address }));
}
const passes = 'nothing was thrown';

/** How many sign-ups of an address pass, out of ten. */
async function signUps(guard: Guard, addressOf: (index: number) => string | undefined): Promise<number> {
  let passed = 0;
  for (let index = 0; index < 10; index += 1) {
    const request = new Request(`${issuer}${identityPath}/signup`, { method: 'POST', body: '{}' });
    if ((await codeOf(() => guard(request, endpointOf(request), { address: addressOf(index) }))) === passes)
      passed += 1;
  }
  return passed;
}

describe('what is counted', () => {
  test('sign-ups and log-ins, separately, in one request to Redis each', async () => {
    const { guard } = connect();
    const before = bridge().requests;
    expect(await call(guard, '/signup')).toBe(passes);
    expect(await call(guard, '/signup')).toBe(passes);
    expect(bridge().requests - before).toBeLessThanOrEqual(3);
    expect(await call(guard, '/signup')).toBe('rate_limited');
    expect(await call(guard, '/token')).toBe(passes);
    expect(await call(guard, '/token')).toBe(passes);
    expect(await call(guard, '/token?grant_type=password')).toBe('rate_limited');
  });

  test('by the IP address and never by the body', async () => {
    const { guard } = connect();
    for (const body of ['{"EMAIL":"a@x.example"}', 'rubbish']) {
      expect(await call(guard, '/signup', { body })).toBe(passes);
    }
    for (const body of ['{"email":"member@x.example"}', '{"Email":"b@visitor.invalid"}', '', '\xff']) {
      expect(await call(guard, '/signup', { body })).toBe('rate_limited');
    }
  });

  test.each([
    ['GET', '/settings'],
    ['GET', '/user'],
    ['PUT', '/user'],
    ['POST', '/logout'],
    ['POST', '/verify'],
    ['POST', '/recover'],
    ['GET', '/signup'],
    ['GET', '/token'],
    ['OPTIONS', '/signup'],
    ['POST', '/signups'],
    ['POST', '/admin/users'],
  ])('nothing else, without a request to Redis: %s %s', async (method, path) => {
    const { guard } = connect({ signup: 1, login: 1 });
    const before = bridge().requests;
    for (let calls = 0; calls < 5; calls += 1) expect(await call(guard, path, { method })).toBe(passes);
    expect(bridge().requests).toBe(before);
  });

  test('the refusal says when to retry', async () => {
    const { guard } = connect({ login: 1 });
    vi.setSystemTime(windowStart + 3_000_000);
    await call(guard, '/token');
    const request = new Request(`${issuer}${identityPath}/token`, { method: 'POST' });
    const error = await guard(request, endpointOf(request), { address: '203.0.113.7' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DaypassError);
    expect(error).toMatchObject({
      status: 429,
      retryAfterSeconds: 600,
      headers: { ratelimit: '"login";r=0;t=600', 'ratelimit-policy': '"login";q=1;w=3600' },
    });
  });

  test('a flood costs Redis nothing, and ends with the window', async () => {
    const { guard } = connect({ signup: 1 });
    for (let calls = 0; calls < 2; calls += 1) await call(guard, '/signup');
    const before = bridge().requests;
    for (let calls = 0; calls < 200; calls += 1) expect(await call(guard, '/signup')).toBe('rate_limited');
    expect(bridge().requests).toBe(before);
    vi.setSystemTime(windowStart + 3_600_001);
    expect(await call(guard, '/signup')).toBe(passes);
  });

  test('no key holds an IP address, and every key has a TTL', async () => {
    const { guard } = connect();
    await call(guard, '/signup');
    await call(guard, '/token', { address: '2001:db8::1' });
    const keys = (await command(bridge(), 'KEYS', '*')) as string[];
    expect(keys).toHaveLength(3);
    expect(keys.join()).not.toMatch(/203\.0|2001/);
    expect(await keysForEver(bridge())).toEqual([]);
  });
});

describe('who is counted as one', () => {
  test('all spellings of an IP address', async () => {
    const forms = ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107', '::FFFF:203.0.113.7'];
    expect(await signUps(connect().guard, (index) => forms[index % 4])).toBe(2);
  });

  test('a /64; a /48 gets ten times as much', async () => {
    const { guard } = connect({ signup: 1 });
    expect(await signUps(guard, (index) => `2001:db8:1:1:${index}::1`)).toBe(1);
    // Of the ten, the /64 above took its own.
    expect(await signUps(guard, (index) => `2001:db8:1:f${index}::1`)).toBe(9);
    expect(await signUps(guard, (index) => `2001:db8:2:f${index}::1`)).toBe(10);
  });

  test('header fields do not matter', async () => {
    const { guard } = connect();
    const names = [
      'x-forwarded-for',
      'forwarded',
      'x-real-ip',
      'x-nf-client-connection-ip',
      'client-ip',
      'true-client-ip',
      'cf-connecting-ip',
    ];
    const outcomes = [];
    for (let index = 0; index < 300; index += 1) {
      const forged = names.filter((_, bit) => (index >> bit) % 2 === 0);
      const headers = Object.fromEntries(forged.map((name) => [name, `198.51.100.${index % 256}`]));
      outcomes.push(await call(guard, '/signup', { headers }));
    }
    expect(outcomes.filter((outcome) => outcome === passes)).toHaveLength(2);
    expect(await call(guard, '/signup', { address: '198.51.100.1' })).toBe(passes);
  });

  test('callers without an IP address are not counted together, and the log says so once', async () => {
    const { guard, logged } = connect();
    expect(await signUps(guard, (index) => [undefined, '', 'unknown', 'no address'][index % 4])).toBe(10);
    expect(logged).toEqual(['address_unknown']);
  });
});

describe('X-JWT-AUD', () => {
  const withAudience = (audience: string, method = 'POST') => ({
    method,
    headers: { 'X-Jwt-Aud': audience },
  });

  test.each(['other', '0', '""', ', ', 'a, b', '\u00e9'])(
    '%s is refused, and not counted',
    async (audience) => {
      const { guard } = connect();
      for (const path of ['/signup', '/SignUp/', '/token', '/logout', '/recover', '/verify', '/']) {
        expect(await call(guard, path, withAudience(audience))).toBe('audience_refused');
      }
      for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
        expect(await call(guard, '/user', withAudience(audience, method))).toBe('audience_refused');
      }
      expect(await command(bridge(), 'KEYS', '*')).toEqual([]);
    },
  );

  test("the site's own passes, no other does", async () => {
    const { guard } = connect({}, 5000, false, 'site');
    expect(await call(guard, '/signup', withAudience('site'))).toBe(passes);
    for (const other of ['Site', 'site, other', 'site, site', 'other']) {
      expect(await call(guard, '/signup', withAudience(other))).toBe('audience_refused');
    }
  });

  test.each(['', ' ', '\t '])('an empty one (%j) is ignored', async (audience) => {
    expect(await call(connect().guard, '/signup', withAudience(audience))).toBe(passes);
  });

  test('sent twice, it is refused, also when the first is empty', async () => {
    const headers = new Headers({ 'x-jwt-aud': '' });
    headers.append('x-jwt-aud', 'other');
    expect(await call(connect().guard, '/signup', { headers })).toBe('audience_refused');
  });

  test('the operator may send one, and a preflight may ask for it', async () => {
    const { guard } = connect();
    for (const path of ['/admin/users', '/admin/users/5f0c2d8e-0000-4000-8000-000000000000']) {
      expect(await call(guard, path, withAudience('other', 'GET'))).toBe(passes);
    }
    expect(await call(guard, '/admin/../signup', withAudience('other'))).toBe('audience_refused');
    expect(await call(guard, '/administrators', withAudience('other'))).toBe('audience_refused');
    expect(await call(guard, '/signup', withAudience('other', 'OPTIONS'))).toBe(passes);
  });
});

test('a large body is refused at every endpoint and with every method', async () => {
  const { guard } = connect();
  const large = { body: 'x'.repeat(32_769) };
  const fits = { body: 'x'.repeat(32_768) };
  const paths = ['/signup', '/token', '/user', '/recover', '/verify', '/logout', '/admin/users', '/'];
  for (const path of paths) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE']) {
      expect(await call(guard, path, { method, ...large }), `${method} ${path}`).toBe('body_too_large');
    }
  }
  expect(await call(guard, '/user', { method: 'PUT', ...fits })).toBe(passes);
  expect(await call(guard, '/signup', fits)).toBe(passes);
});

test('sign-ups and log-ins are counted before their bodies are read: also those that are too large, or never end', async () => {
  for (const path of ['/signup', '/token']) {
    const { guard } = connect();
    const large = { body: 'x'.repeat(40_000) };
    const outcomes = [];
    for (let calls = 0; calls < 4; calls += 1) outcomes.push(await call(guard, path, large));
    expect(outcomes).toEqual(['body_too_large', 'body_too_large', 'rate_limited', 'rate_limited']);
    let pulls = 0;
    const body = new ReadableStream({ pull: () => new Promise(() => (pulls += 1)) }, { highWaterMark: 0 });
    expect(await call(guard, path, { body, duplex: 'half' } as RequestInit)).toBe('rate_limited');
    expect(pulls).toBe(0);
  }
});

test('a path that may be read in more than one way is refused', async () => {
  expect(await call(connect().guard, '/user%2f..%2fsignup')).toBe('path_refused');
});

describe('while Redis is away', () => {
  test('each instance counts by itself, and members can still sign up', async () => {
    const [here, there] = [connect({}, 50), connect({}, 50)];
    bridge().setFault({ kind: 'hang' });
    expect(await signUps(here.guard, () => '203.0.113.7')).toBe(2);
    expect(await signUps(there.guard, () => '203.0.113.7')).toBe(2);
    expect(await signUps(here.guard, () => '203.0.113.8')).toBe(2);
  });

  test('a slow refund after a refusal is no outage: it has time of its own', async () => {
    const time = createManualTime();
    const windows = [
      { limit: 1, windowSeconds: 60, algorithm: 'fixed-window' },
      { limit: 2, windowSeconds: 3600, algorithm: 'fixed-window' },
    ] as const;
    const givenBack: string[] = [];
    /** Knows no refusal beforehand, as an instance that has just started. Refunds arrive when all the time of the circuit has passed. */
    const slow = overWindows((meter) => {
      const window = createLocalWindow(meter, () => Date.now());
      return {
        ...window,
        peek: () => undefined,
        async refund(identifier) {
          await new Promise((resolve) => setTimeout(resolve));
          time.pass(300);
          await window.refund(identifier);
          givenBack.push(meter.name);
        },
      };
    });
    const limitersOf = (create: CreateLimiter): GuardLimiters => ({
      signup: createAddressLimiters(create, 'signup', windows),
      login: createAddressLimiters(create, 'login', windows),
    });
    const guard = createGuard({
      hashIdentifier,
      limiters: limitersOf(slow),
      localLimiters: limitersOf(createLocalLimiters(() => Date.now())),
      circuit: createCircuit({ ...time, timeoutMilliseconds: 300, onChange: () => undefined }),
      membersDenied: false,
      audience: '',
      bodies: patientBodies,
      log: () => undefined,
    });
    const address = '2001:db8::1';
    expect(await call(guard, '/signup', { address })).toBe(passes);
    expect(await call(guard, '/signup', { address })).toBe('rate_limited');
    expect(givenBack.toSorted()).toEqual(['signup-3600', 'signup-network-3600', 'signup-network-60']);
    vi.setSystemTime(windowStart + 60_000);
    expect(await call(guard, '/signup', { address })).toBe(passes);
  });

  test('each change is one log line, and a remembered refusal does not close the circuit', async () => {
    const time = createManualTime();
    const { guard, logged } = connect({}, 5000, false, '', time);
    for (let calls = 0; calls < 3; calls += 1) await call(guard, '/signup');
    bridge().setFault({ kind: 'bad-gateway' });
    for (let calls = 1; calls <= 10; calls += 1) {
      time.pass(400);
      await call(guard, '/signup', { address: '203.0.113.8' });
      // This one was refused when Redis was there, which is remembered.
      expect(await call(guard, '/signup')).toBe('rate_limited');
    }
    expect(logged).toEqual(['circuit_opened']);
    bridge().setFault(undefined);
    time.pass(1000);
    await call(guard, '/signup', { address: '203.0.113.9' });
    expect(logged).toEqual(['circuit_opened', 'circuit_closed']);
  });
});

test.each([
  ['GET', passes],
  ['PUT', 'members_denied'],
  ['PATCH', 'members_denied'],
])('on a site without members %s /user: %s', async (method, expected) => {
  const { guard } = connect({}, 5000, true);
  expect(await call(guard, '/user', { method })).toBe(expected);
  expect(await call(guard, '//User/', { method })).toBe(expected);
  expect(await call(connect().guard, '/user', { method })).toBe(passes);
});

test('a fault of our own in the count: sign-ups are counted in memory, large bodies refused, and the fault is thrown', async () => {
  const byAddress = (create: CreateLimiter) =>
    createAddressLimiters(create, 'signup', [{ limit: 2, windowSeconds: 3600, algorithm: 'fixed-window' }]);
  const local = byAddress(createLocalLimiters(() => Date.now()));
  const broken = byAddress(() => ({
    consume: () => Promise.reject(new TypeError('a fault')),
    peek: () => undefined,
    refund: async () => undefined,
  }));
  const guard = createGuard({
    hashIdentifier,
    limiters: { signup: broken, login: broken },
    localLimiters: { signup: local, login: local },
    circuit: { run: (work) => work() },
    membersDenied: false,
    audience: '',
    bodies: patientBodies,
    log: () => undefined,
  });
  const outcomes: string[] = [];
  for (let calls = 0; calls < 3; calls += 1) outcomes.push(await call(guard, '/signup'));
  expect(outcomes).toEqual(['TypeError: a fault', 'TypeError: a fault', 'rate_limited']);
  const large = { address: '203.0.113.8', body: 'x'.repeat(32_769) };
  expect(await call(guard, '/signup', large)).toBe('body_too_large');
});

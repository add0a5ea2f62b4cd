import { afterEach, describe, expect, test } from 'vitest';
import { testSecrets, testSiteKey } from '../../dev/turnstile.ts';
import { causes, type StatusResponse } from '../../src/protocol/causes.ts';
import { storeCall } from '../../src/store/redis.ts';
import { type BrokerStack, type BrokerStackOptions, startBrokerStack } from '../support/brokerStack.ts';
import { command } from '../support/redisParts.ts';

let stack: BrokerStack;
afterEach(() => stack.close());

async function statusWith(options: BrokerStackOptions): Promise<StatusResponse> {
  stack = await startBrokerStack(options);
  return (await (await stack.request('/session/status')).json()) as StatusResponse;
}
/** What is said of each check that failed, which is what the table of causes says. */
const faults = ({ checks }: StatusResponse) =>
  Object.fromEntries(
    checks
      .filter((check) => !check.ok)
      .map(({ name, cause, what, remedy }) => {
        expect(Object.keys(causes)).toContain(cause);
        return [name, `${cause}: ${what} ${remedy}`];
      }),
  );

test('all is well', async () => {
  const status = await statusWith({});
  expect(status.ok).toBe(true);
  expect(status.checks.map((check) => check.name)).toEqual([
    'secrets',
    'identity',
    'operator_token',
    'audience',
    'email',
    'registration',
    'autoconfirm',
    'redis',
    'upstream',
  ]);
});

test('registration closed: names the setting and where', async () => {
  const status = await statusWith({ identity: { registration: 'closed' } });
  expect(status.ok).toBe(false);
  expect(faults(status)).toEqual({
    registration: expect.stringMatching(/^registration_closed: .*Project configuration > Identity .*Open/),
  });
});

test('autoconfirm off: names the setting and where', async () => {
  const status = await statusWith({ identity: { autoconfirm: false } });
  expect(faults(status)).toEqual({
    autoconfirm: expect.stringMatching(
      /Project configuration > Identity.*without verifying their email address/,
    ),
  });
});

test('no operator token: Identity is not enabled', async () => {
  const status = await statusWith({ operatorToken: () => undefined });
  expect(faults(status)).toEqual({
    identity: expect.stringMatching(/^identity_not_found: .*enable Identity/),
  });
});

test('no upstream: names the variable', async () => {
  const status = await statusWith({ variables: { DAYPASS_UPSTREAM: '' } });
  expect(faults(status)).toEqual({ upstream: expect.stringContaining('DAYPASS_UPSTREAM') });
});

test('Identity down', async () => {
  stack = await startBrokerStack();
  stack.identity.faults.answer = { '/settings': 500 };
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(faults(status)).toEqual({ identity: expect.stringContaining('IDENTITY_URL') });
});

test('a wrong operator token', async () => {
  const status = await statusWith({ operatorToken: () => 'wrong' });
  expect(faults(status)).toEqual({
    operator_token: expect.stringMatching(/refused.*IDENTITY_OPERATOR_TOKEN/),
  });
  expect(JSON.stringify(status)).not.toContain('wrong');
});

test('an Identity that lists no users', async () => {
  stack = await startBrokerStack();
  stack.identity.faults.answer = { '/admin/users': 500 };
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(faults(status)).toEqual({ operator_token: expect.stringContaining('GET /admin/users') });
});

test('an audience of Identity that the policy does not name, and one that it names in vain', async () => {
  stack = await startBrokerStack();
  const { listUsers } = stack.broker.identity;
  stack.broker.identity.listUsers = async (...asked) => {
    const listed = await listUsers(...asked);
    return typeof listed === 'string' ? listed : { ...listed, audience: 'site' };
  };
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(faults(status)).toEqual({ audience: expect.stringContaining('identity: { audience: "site" }') });
  await stack.close();
  const named = await statusWith({ policy: { identity: { audience: 'site' } } });
  expect(faults(named)).toEqual({ audience: expect.stringContaining('identity: { audience: "" }') });
});

test("IDENTITY_JWT_SECRET is the key of Identity's tokens, or is reported", async () => {
  const jwtSecret = 'the-key-of-a-gotrue-of-ones-own-0123456789';
  const right = await statusWith({ identity: { jwtSecret }, variables: { IDENTITY_JWT_SECRET: jwtSecret } });
  expect(right.ok).toBe(true);
  expect(right.checks.map(({ name }) => name)).toContain('identity_jwt_secret');
  await stack.close();
  const wrong = await statusWith({
    identity: { jwtSecret },
    variables: { IDENTITY_JWT_SECRET: `${jwtSecret}x` },
  });
  expect(faults(wrong)).toEqual({ identity_jwt_secret: expect.stringContaining('GOTRUE_JWT_SECRET') });
  expect(JSON.stringify(wrong)).not.toContain(jwtSecret);
});

test('e-mail and password switched off', async () => {
  stack = await startBrokerStack();
  const { getSettings } = stack.broker.identity;
  stack.broker.identity.getSettings = async (signal) => ({
    ...(await getSettings(signal)),
    emailEnabled: false,
  });
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(faults(status)).toEqual({ email: expect.stringContaining('GOTRUE_EXTERNAL_EMAIL_DISABLED') });
});

test.each(['https://backend.example/api', 'https://backend.example/API/'])(
  'an upstream %s in front of the route /api/*: its prefix is doubled',
  async (url) => {
    const status = await statusWith({ variables: { DAYPASS_UPSTREAM: url } });
    expect(faults(status)).toEqual({ upstream: expect.stringMatching(/DAYPASS_UPSTREAM.*\/api\/api\/…/i) });
  },
);

test.each(['https://backend.example/', 'https://backend.example/v1', 'https://backend.example/ap'])(
  'an upstream %s doubles nothing',
  async (url) => {
    expect((await statusWith({ variables: { DAYPASS_UPSTREAM: url } })).ok).toBe(true);
  },
);

test('an upstream that does not answer', async () => {
  const asked: string[] = [];
  const status = await statusWith({
    reachUpstream: async (url) => {
      asked.push(url.href);
      throw new TypeError('fetch failed');
    },
  });
  expect(asked).toEqual(['https://backend.example/']);
  expect(faults(status)).toEqual({ upstream: expect.stringContaining('DAYPASS_UPSTREAM does not answer') });
});

describe('Redis', () => {
  test('that does not answer: the status still does, and says so', async () => {
    stack = await startBrokerStack();
    stack.redis.setFault({ kind: 'bad-gateway' });
    const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
    expect(faults(status)).toEqual({ redis: expect.stringContaining('UPSTASH_REDIS_REST_URL') });
  });

  test('that refuses the token', async () => {
    const status = await statusWith({ variables: { UPSTASH_REDIS_REST_TOKEN: 'wrong' } });
    expect(faults(status)).toEqual({ redis: expect.stringMatching(/token.*UPSTASH_REDIS_REST_TOKEN/) });
  });

  test.each<[string, string, RegExp]>([
    ['may not be written to', "NOPERM this user has no permissions to run the 'set' command", /read-only/],
    ['is full', "OOM command not allowed when used memory > 'maxmemory'.", /full/],
    ['has no quota left', 'ERR max requests limit exceeded. Limit: 500000, Usage: 500000.', /quota/],
    ['does something else', 'LOADING Redis is loading the dataset in memory', /log/],
  ])('that %s', async (_, reply, remedy) => {
    stack = await startBrokerStack();
    const broken = new Error(`Command failed: ${reply}`);
    broken.name = 'UpstashError';
    stack.broker.redemptions.reserve = () => storeCall(Promise.reject(broken));
    const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
    expect(faults(status)).toEqual({ redis: expect.stringMatching(remedy) });
  });

  test('is left as it was', async () => {
    await statusWith({});
    expect(await command(stack.redis, 'KEYS', 'daypass:redemption:*')).toEqual([]);
  });
});

describe('warnings', () => {
  const words = ['every stranger', "members: 'deny'", 'monitor', 'storeFailure'];
  const told = ({ warnings }: StatusResponse) =>
    words.filter((word) => warnings.some((warning) => warning.includes(word)));

  test.each<[string, BrokerStackOptions, string[]]>([
    ['a site with the defaults', {}, ['every stranger', "members: 'deny'"]],
    ['registration closed', { identity: { registration: 'closed' } }, ["members: 'deny'"]],
    ['autoconfirm off', { identity: { autoconfirm: false } }, ["members: 'deny'"]],
    ['admission for all', { policy: { admission: {} } }, ['every stranger', "members: 'deny'"]],
    ['no members', { policy: { admission: { members: 'deny' } } }, ['every stranger']],
    [
      'monitor mode, open without Redis',
      { policy: { mode: 'monitor', storeFailure: 'allow' }, identity: { registration: 'closed' } },
      ["members: 'deny'", 'monitor', 'storeFailure'],
    ],
  ])('%s', async (_, options, expected) => {
    const status = await statusWith(options);
    expect(told(status)).toEqual(expected);
    expect(status.warnings).toHaveLength(expected.length);
  });

  const turnstile: BrokerStackOptions['policy'] = {
    admission: { proof: 'turnstile', members: 'deny', turnstile: { siteKey: testSiteKey } },
  };
  test.each([
    ...Object.values(testSecrets).map((key) => [key, 'production', true] as const),
    [testSecrets.alwaysPasses, 'dev', false],
    [testSecrets.alwaysPasses, 'deploy-preview', false],
    ['0x4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'production', false],
  ] as const)('Turnstile with the secret key %s, deployed as %s', async (key, deployContext, warned) => {
    const status = await statusWith({
      policy: turnstile,
      variables: { TURNSTILE_SECRET_KEY: key },
      deployContext,
    });
    expect(status.warnings.some((warning) => warning.includes('admits everybody'))).toBe(warned);
    expect(status.ok).toBe(true);
    expect(JSON.stringify(status)).not.toContain(key);
  });

  test('make nothing worse: all is well with them', async () => {
    expect((await statusWith({ policy: { mode: 'monitor' } })).ok).toBe(true);
  });

  test('what Identity does not report is not reported', async () => {
    stack = await startBrokerStack();
    stack.identity.faults.answer = { '/settings': 500 };
    const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
    expect(told(status)).toEqual(["members: 'deny'"]);
  });
});

test('a clock that is set back keeps no old status', async () => {
  let now = Math.floor(Date.now() / 1000);
  stack = await startBrokerStack({ now: () => now });
  const body = await (await stack.request('/session/status')).text();
  stack.identity.faults.answer = { '/settings': 500 };
  now -= 3600;
  expect(await (await stack.request('/session/status')).text()).not.toBe(body);
});

test('says what time it is for the function, in a cached answer too', async () => {
  let now = 1_800_000_000;
  stack = await startBrokerStack({ now: () => now });
  const read = async () => ((await (await stack.request('/session/status')).json()) as StatusResponse).time;
  expect(await read()).toBe(now);
  now += 5;
  expect(await read()).toBe(now);
});

test('is cached for 10 seconds and limited, and says no secret', async () => {
  let now = Math.floor(Date.now() / 1000);
  stack = await startBrokerStack({ now: () => now });
  const body = await (await stack.request('/session/status')).text();
  expect(body).not.toContain(stack.identity.operatorToken);
  stack.identity.faults.answer = { '/settings': 500 };
  expect(await (await stack.request('/session/status')).text()).toBe(body);
  now += 10;
  expect(await (await stack.request('/session/status')).text()).not.toBe(body);
  const statuses: number[] = [];
  for (let call = 0; call < 31; call += 1) statuses.push((await stack.request('/session/status')).status);
  expect(statuses.at(-1)).toBe(429);
});

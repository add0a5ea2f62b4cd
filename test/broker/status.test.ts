import { afterEach, describe, expect, test } from 'vitest';
import { testSecrets, testSiteKey } from '../../src/dev/turnstile/testKeys.ts';
import type { StatusResponse } from '../../src/protocol/messages.ts';
import { type BrokerStack, type BrokerStackOptions, startBrokerStack } from '../support/brokerStack.ts';

let stack: BrokerStack;
afterEach(() => stack.close());

async function statusWith(options: BrokerStackOptions): Promise<StatusResponse> {
  stack = await startBrokerStack(options);
  return (await (await stack.request('/session/status')).json()) as StatusResponse;
}
const remedies = ({ checks }: StatusResponse) =>
  Object.fromEntries(checks.filter((check) => !check.ok).map((check) => [check.name, check.remedy]));

test('all is well', async () => {
  const status = await statusWith({});
  expect(status.ok).toBe(true);
  expect(status.checks.map((check) => check.name)).toEqual([
    'secrets',
    'identity',
    'registration',
    'autoconfirm',
    'redis',
    'upstream',
  ]);
});

test('registration closed: names the setting and where', async () => {
  const status = await statusWith({ identity: { registration: 'closed' } });
  expect(status.ok).toBe(false);
  expect(remedies(status)).toEqual({
    registration: expect.stringMatching(/Project configuration > Identity .*Open/),
  });
});

test('autoconfirm off: names the setting and where', async () => {
  const status = await statusWith({ identity: { autoconfirm: false } });
  expect(remedies(status)).toEqual({
    autoconfirm: expect.stringMatching(
      /Project configuration > Identity.*without verifying their email address/,
    ),
  });
});

test('no operator token: Identity is not enabled', async () => {
  const status = await statusWith({ operatorToken: () => undefined });
  expect(remedies(status)).toEqual({ identity: expect.stringContaining('Enable Identity') });
});

test('no upstream: names the variable', async () => {
  const status = await statusWith({ variables: { DAYPASS_UPSTREAM: '' } });
  expect(remedies(status)).toEqual({ upstream: expect.stringContaining('DAYPASS_UPSTREAM') });
});

test('Identity down', async () => {
  stack = await startBrokerStack();
  stack.identity.faults.answer = { '/settings': 500 };
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(remedies(status)).toEqual({ identity: expect.stringContaining('IDENTITY_URL') });
});

test('Redis down: the status still answers, and says so', async () => {
  stack = await startBrokerStack();
  stack.redis.setFault({ kind: 'bad-gateway' });
  const status = (await (await stack.request('/session/status')).json()) as StatusResponse;
  expect(remedies(status)).toEqual({ redis: expect.stringContaining('UPSTASH_REDIS_REST_URL') });
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

  test('what Identity does not tell is not told', async () => {
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

import { beforeEach, describe, expect, test } from 'vitest';
import { createDevTurnstile, type DevTurnstile, dummyToken, testSecrets } from '../../dev/turnstile.ts';

// What Cloudflare documents of siteverify, held against the stand-in.

const secret = '0x4AAAAAAAAAAAAAAAAAAAAA-secret';
const key = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const otherKey = '3f0c1d2e-0000-4000-8000-000000000000';
let now: number;
let turnstile: DevTurnstile;
beforeEach(() => {
  now = Date.UTC(2026, 10, 21);
  turnstile = createDevTurnstile({ secretKey: secret, now: () => now });
});

async function post(body: BodyInit | null, contentType = 'application/json') {
  const url = 'https://challenges.cloudflare.com/turnstile/v0/siteverify';
  const headers = { 'content-type': contentType };
  const response = await turnstile.fetch(new Request(url, { method: 'POST', headers, body }));
  return {
    status: response.status,
    ...((await response.json()) as { success: boolean; 'error-codes': string[] }),
  };
}
const verify = (fields: Record<string, unknown>) => post(JSON.stringify({ secret, ...fields }));
const errorsOf = async (fields: Record<string, unknown>) => (await verify(fields))['error-codes'];

test('a token of its widget is good once', async () => {
  const response = turnstile.issueToken();
  now += 1000;
  expect(await verify({ response })).toEqual({
    status: 200,
    success: true,
    'error-codes': [],
    challenge_ts: '2026-11-21T00:00:00.000Z',
    hostname: 'localhost',
    action: '',
    cdata: '',
  });
  expect(await verify({ response })).toEqual({
    status: 200,
    success: false,
    'error-codes': ['timeout-or-duplicate'],
  });
});

test('under one idempotency key it is answered alike, under another it is spent', async () => {
  const response = turnstile.issueToken();
  const first = await verify({ response, idempotency_key: key });
  expect(first.success).toBe(true);
  expect(await verify({ response, idempotency_key: key })).toEqual(first);
  expect(await errorsOf({ response, idempotency_key: otherKey })).toEqual(['timeout-or-duplicate']);
  expect(await errorsOf({ response })).toEqual(['timeout-or-duplicate']);
});

test('a token is good for 300 seconds', async () => {
  const [young, old] = [turnstile.issueToken(), turnstile.issueToken()];
  now += 299_999;
  expect((await verify({ response: young })).success).toBe(true);
  now += 1;
  expect(await errorsOf({ response: old })).toEqual(['timeout-or-duplicate']);
});

describe('refuses', () => {
  test.each([
    [{ secret: undefined, response: 'x' }, 'missing-input-secret'],
    [{ secret: '', response: 'x' }, 'missing-input-secret'],
    [{ secret: 'another', response: 'x' }, 'invalid-input-secret'],
    [{}, 'missing-input-response'],
    [{ response: '' }, 'missing-input-response'],
    [{ response: 'made-up' }, 'invalid-input-response'],
    [{ response: dummyToken }, 'invalid-input-response'],
    [{ response: 7 }, 'bad-request'],
    [{ response: 'x', idempotency_key: 'no-uuid' }, 'bad-request'],
  ])('%j: %s', async (fields, error) => {
    expect(await errorsOf(fields)).toEqual([error]);
  });

  test('what is no JSON, and another method', async () => {
    for (const body of ['nonsense', '7', 'null'])
      expect((await post(body))['error-codes']).toEqual(['bad-request']);
    expect((await turnstile.fetch(new Request('https://x.example/'))).status).toBe(405);
  });
});

test('takes a form as well', async () => {
  const form = new URLSearchParams({ secret, response: turnstile.issueToken() });
  expect((await post(String(form), 'application/x-www-form-urlencoded')).success).toBe(true);
});

test('the test secrets take the dummy token as documented', async () => {
  const { alwaysPasses, alwaysFails, alreadySpent } = testSecrets;
  for (let round = 0; round < 2; round += 1) {
    expect(await verify({ secret: alwaysPasses, response: dummyToken })).toMatchObject({
      success: true,
      action: 'test',
    });
  }
  const refusals = [
    await errorsOf({ secret: alwaysPasses, response: turnstile.issueToken() }),
    await errorsOf({ secret: alwaysFails, response: dummyToken }),
    await errorsOf({ secret: alreadySpent, response: dummyToken }),
  ];
  expect(refusals).toEqual([
    ['invalid-input-response'],
    ['invalid-input-response'],
    ['timeout-or-duplicate'],
  ]);
});

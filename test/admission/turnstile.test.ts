import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDevTurnstile, dummyToken, testSecrets } from '../../dev/turnstile.ts';
import { createTurnstile } from '../../src/admission/turnstile.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { fc } from '../support/property.ts';
import { codeOf } from '../support/rejection.ts';

const ada = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const bob = '3f0c1d2e-0000-4000-8000-000000000000';
const siteKey = '0x4AAAAAAAAAAAAAAAAAAAAA';
const secretKey = '0x4AAAAAAAAAAAAAAAAAAAAA-secret';
const cloudflare = createDevTurnstile({ secretKey, now: () => Date.now() });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

type Send = (url: string, init: RequestInit) => Promise<Response>;
const send: Send = (url, init) => cloudflare.fetch(new Request(url, init));
const connect = (secret = secretKey, fetch = send) => createTurnstile({ siteKey, secretKey: secret, fetch });
const codeOfProof = (proof: unknown, userId = ada, turnstile = connect()) =>
  codeOf(() => turnstile.verify(proof, userId));

test('a token holds for one user, as often as Identity asks, and for no other', async () => {
  const token = cloudflare.issueToken();
  const codes = [];
  for (const user of [ada, ada, bob, ada]) codes.push(await codeOfProof(token, user));
  expect(codes).toEqual(['nothing was thrown', 'nothing was thrown', 'proof_expired', 'nothing was thrown']);
});

test('a token that is too old, or none of Cloudflare`s, is refused', async () => {
  const token = cloudflare.issueToken();
  vi.setSystemTime(Date.now() + 300_000);
  expect(await codeOfProof(token)).toBe('proof_expired');
  expect(await codeOfProof('0.made-up')).toBe('proof_refused');
});

test('the documented test keys do what they say', async () => {
  const { alwaysPasses, alwaysFails, alreadySpent } = testSecrets;
  expect(await codeOfProof(dummyToken, ada, connect(alwaysPasses))).toBe('nothing was thrown');
  expect(await codeOfProof('another', ada, connect(alwaysPasses))).toBe('proof_refused');
  expect(await codeOfProof(dummyToken, ada, connect(alwaysFails))).toBe('proof_refused');
  expect(await codeOfProof(dummyToken, ada, connect(alreadySpent))).toBe('proof_expired');
  expect(await codeOfProof(dummyToken)).toBe('proof_refused');
});

test('what cannot be a token is not sent', async () => {
  const untouched = connect(secretKey, async () => {
    throw new Error('was sent');
  });
  for (const proof of [undefined, null, ''])
    expect(await codeOfProof(proof, ada, untouched)).toBe('proof_missing');
  for (const proof of [7, {}, [], 'a b', 'ä', 'x\n', 'x'.repeat(2049)]) {
    expect(await codeOfProof(proof, ada, untouched)).toBe('proof_malformed');
  }
});

test('Cloudflare is asked as it documents, without an address', async () => {
  const calls: [string, RequestInit][] = [];
  await codeOfProof(
    '0.token',
    ada,
    connect(secretKey, async (url, init) => {
      calls.push([url, init]);
      return Response.json({ success: true });
    }),
  );
  const [[url, init] = ['', {}]] = calls;
  expect([calls.length, url]).toEqual([1, 'https://challenges.cloudflare.com/turnstile/v0/siteverify']);
  expect([init.method, init.redirect]).toEqual(['POST', 'manual']);
  expect(new Headers(init.headers).get('content-type')).toBe('application/json');
  expect(JSON.parse(String(init.body))).toEqual({
    secret: secretKey,
    response: '0.token',
    idempotency_key: ada,
  });
});

describe('an answer that decides nothing', () => {
  const answers: [string, Send][] = [
    ['a fault of its own', async () => Response.json({ success: false, 'error-codes': ['internal-error'] })],
    ['a bad request', async () => Response.json({ success: false, 'error-codes': ['bad-request'] })],
    ['a new code', async () => Response.json({ success: false, 'error-codes': ['unheard-of'] })],
    ['a name of every object', async () => Response.json({ success: false, 'error-codes': ['toString'] })],
    ['no code', async () => Response.json({ success: false, 'error-codes': [] })],
    [
      'codes that disagree',
      async () =>
        Response.json({ success: false, 'error-codes': ['invalid-input-response', 'internal-error'] }),
    ],
    ['500', async () => Response.json({ success: true }, { status: 500 })],
    ['a redirect', async () => Response.json({ success: true }, { status: 302 })],
    ['a page', async () => new Response('<html>')],
    ['null', async () => new Response('null')],
    ['a yes that is no boolean', async () => Response.json({ success: 'true' })],
    ['codes that are no list', async () => Response.json({ success: false, 'error-codes': 'x' })],
    [
      'a broken connection',
      async () => {
        throw new TypeError('fetch failed');
      },
    ],
  ];

  test.each(answers)('%s: no user is admitted, and another try may succeed', async (_, answer) => {
    expect(await codeOfProof('0.token', ada, connect(secretKey, answer))).toBe('turnstile_unavailable');
  });

  test('none within three seconds', async () => {
    const timeouts = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
    try {
      const hanging: Send = (_, { signal }) =>
        new Promise((_resolve, reject) => {
          if (signal?.aborted) reject(signal.reason);
        });
      expect(await codeOfProof('0.token', ada, connect(secretKey, hanging))).toBe('turnstile_unavailable');
      expect(timeouts).toHaveBeenCalledWith(3000);
    } finally {
      timeouts.mockRestore();
    }
  });
});

test('a secret key that Cloudflare does not know: the error names the variable, never its value', async () => {
  const stranger = '0x4-another-secret-of-another-site';
  const error = await connect(stranger)
    .verify(cloudflare.issueToken(), ada)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(DaypassError);
  expect(error.code).toBe('turnstile_unavailable');
  expect(error.message).toContain('TURNSTILE_SECRET_KEY');
  expect(`${error.message} ${error.cause}`).not.toContain(stranger);
});

test('whatever a sign-up brings, it is refused as a fault of the sign-up', async () => {
  const turnstile = connect();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), fc.anything()), async (given) => {
      const error = await turnstile.verify(given, ada).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DaypassError);
      expect((error as DaypassError).status).toBe(422);
    }),
    { numRuns: 500 },
  );
});

test('challenge and metadata name the widget, never the secret', async () => {
  const described = { proof: 'turnstile', site_key: siteKey };
  expect([await connect().challenge(), await connect().describe()]).toEqual([described, described]);
});

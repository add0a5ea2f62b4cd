import { beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { createDevTurnstile } from '../../dev/turnstile.ts';
import { createProofOfWork } from '../../src/admission/proofOfWork.ts';
import { addRoles, type IdentityEventHandlers } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { toUser } from '../../src/identity/user.ts';
import { createIdentityFunction } from '../../src/netlify/createIdentityFunction.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { createUsedProofs } from '../../src/store/usedProofs.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { usePlatform } from '../support/platform.ts';
import { patient, useRedisBridge } from '../support/redisParts.ts';
import { solveChallenge } from '../support/solveChallenge.ts';
import { privateSecret, secret } from '../support/tokens.ts';

const platform = usePlatform();
const bridge = useRedisBridge();
const variables = () => ({
  DAYPASS_SECRET: secret,
  DAYPASS_PRIVATE_SECRET: privateSecret,
  UPSTASH_REDIS_REST_URL: bridge().url,
  UPSTASH_REDIS_REST_TOKEN: bridge().token,
});
const ofWork = { proof: 'proof-of-work', proofOfWork: { difficulty: 4 } } as const;
let proof: string;
beforeAll(async () => {
  const { hashIdentifier, proofSecret } = await createPrivateKeys(privateSecret);
  const usedProofs = createUsedProofs(patient(bridge()), hashIdentifier, () => Date.now());
  const settings = { difficulty: 4, maxDifficulty: 40, baselinePerMinute: 60, ttlSeconds: 300 };
  proof = (
    await solveChallenge(
      await createProofOfWork({ settings, proofSecret, usedProofs, now: Date.now }).challenge(),
    )
  ).proof;
});

type Functions = Record<string, ((event: never) => Promise<unknown>) | undefined>;

/** Calls an event function as Netlify's bootstrap does. */
async function call(
  functions: object,
  name: string,
  email: string,
  user_metadata: Record<string, unknown> = {},
): Promise<unknown> {
  const event = {
    user: toUser({ ...samplePayloads.login.user, email, user_metadata }),
    denied: false,
    deny() {
      event.denied = true;
    },
  };
  const reply = await (functions as Functions)[name]?.(event as never);
  return event.denied ? 'denied' : reply;
}

const create = (admission?: PolicyInput['admission'], handlers: IdentityEventHandlers = {}) =>
  createIdentityFunction(definePolicy(admission ? { admission } : {}), handlers);
const marked = { user: { appMetadata: { provider: 'email', roles: ['anonymous'] } } };

test('a proof of work admits its one user', async () => {
  platform.provide(variables());
  const functions = create(ofWork);
  expect(await call(functions, 'userValidate', 'a@visitor.invalid', { daypass_proof: proof })).toMatchObject(
    marked,
  );
  expect(await call(functions, 'userValidate', 'a@visitor.invalid')).toBe('denied');
  expect(platform.lines.map((line) => JSON.parse(line))).toEqual([
    { daypass: 'admission_denied', code: 'proof_missing' },
  ]);
});

test('no proof: every user with a throwaway e-mail is marked', async () => {
  platform.provide(variables());
  expect(await call(create({}), 'userValidate', 'a@visitor.invalid')).toMatchObject(marked);
});

test('Turnstile`s secret key comes from the environment', async () => {
  const secretKey = '0x4AAAAAAAAAAAAAAAAAAAAA-secret';
  const cloudflare = createDevTurnstile({ secretKey });
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push(url);
    return cloudflare.fetch(new Request(url, init));
  });
  platform.provide({ ...variables(), TURNSTILE_SECRET_KEY: secretKey });
  const functions = create({ proof: 'turnstile', turnstile: { siteKey: '0x4AAA' } });
  const daypass_proof = cloudflare.issueToken();
  expect(await call(functions, 'userValidate', 'a@visitor.invalid', { daypass_proof })).toMatchObject(marked);
  expect(await call(functions, 'userValidate', 'a@visitor.invalid', { daypass_proof: 'x' })).toBe('denied');
  expect(new Set(asked)).toEqual(new Set(['https://challenges.cloudflare.com/turnstile/v0/siteverify']));
});

test('the environment is read at the first sign-up of a throwaway user, and once', async () => {
  const functions = create({});
  platform.provide(variables());
  const { Netlify } = globalThis as unknown as { Netlify: { env: { get(name: string): unknown } } };
  const reads = vi.spyOn(Netlify.env, 'get');
  expect(await call(functions, 'userValidate', 'member@example.com')).toBeUndefined();
  expect(reads).not.toHaveBeenCalled();
  await Promise.all([1, 2, 3].map(() => call(functions, 'userValidate', 'a@visitor.invalid')));
  const names = reads.mock.calls.map(([name]) => name);
  expect(names.filter((name) => name === 'UPSTASH_REDIS_REST_URL')).toHaveLength(1);
});

describe('an environment at fault', () => {
  test('admits no throwaway user, says once what is missing, and members never notice', async () => {
    platform.provide({ DAYPASS_SECRET: 'changeme-PrivateMarker-changeme-changeme' });
    const functions = create({}, { validate: addRoles('member') });
    for (let round = 0; round < 3; round += 1) {
      expect(await call(functions, 'userValidate', 'a@visitor.invalid')).toBe('denied');
    }
    expect(await call(functions, 'userValidate', 'member@example.com')).toMatchObject({
      user: { appMetadata: { roles: ['member'] } },
    });
    const lines = platform.lines.map((line) => JSON.parse(line));
    const problems = lines
      .filter(({ daypass }) => daypass === 'not_configured')
      .map(({ problem }) => problem);
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'DAYPASS_PRIVATE_SECRET',
      'DAYPASS_SECRET',
      'UPSTASH_REDIS_REST_TOKEN',
      'UPSTASH_REDIS_REST_URL',
    ]);
    expect(lines.slice(-3)).toEqual(Array(3).fill({ daypass: 'admission_denied', code: 'not_configured' }));
    expect(platform.lines.join()).not.toContain('PrivateMarker');
  });

  test('a Turnstile key that is missing is one', async () => {
    platform.provide(variables());
    const functions = create({ proof: 'turnstile', turnstile: { siteKey: '0x4AAA' } });
    expect(await call(functions, 'userValidate', 'a@visitor.invalid', { daypass_proof: 'x' })).toBe('denied');
    expect(platform.lines.join()).toContain('TURNSTILE_SECRET_KEY is missing');
  });
});

test('Redis away: the sign-up fails, and says no more than the code', async () => {
  platform.provide(variables());
  bridge().setFault({ kind: 'bad-gateway' });
  try {
    const attempt = call(create(ofWork), 'userValidate', 'a@visitor.invalid', { daypass_proof: proof });
    await expect(attempt).rejects.toMatchObject({ code: 'store_unavailable', cause: undefined });
  } finally {
    bridge().setFault(undefined);
  }
});

describe('the site`s own handlers', () => {
  const events = ['userValidate', 'userSignup', 'userLogin', 'userModified', 'userDeleted'];
  let called: string[];
  beforeEach(() => {
    called = [];
  });
  const note = (name: string) => () => {
    called.push(name);
    return undefined;
  };
  const handlers = {
    validate: note('userValidate'),
    signup: note('userSignup'),
    login: note('userLogin'),
    modified: note('userModified'),
    deleted: note('userDeleted'),
  };

  test.each([
    ['with admission', {}],
    ['without', undefined],
  ])('are for members: throwaway users never reach one (%s)', async (_, admission) => {
    platform.provide(variables());
    const functions = create(admission, handlers);
    for (const name of events) await call(functions, name, 'A@VISITOR.invalid');
    expect(called).toEqual([]);
    for (const name of events) await call(functions, name, 'member@example.com');
    expect(called).toEqual(events);
  });

  test('act by themselves where the policy has no admission: no user is marked', async () => {
    platform.provide({});
    for (const functions of [create(), create(undefined, { login: addRoles('member') })]) {
      expect(
        await call(functions, 'userValidate', 'a@visitor.invalid', { daypass_proof: 'x' }),
      ).toBeUndefined();
      expect(await call(functions, 'userValidate', 'member@example.com')).toBeUndefined();
    }
    expect(platform.lines).toEqual([]);
  });

  test('userValidate is always there, the others where a handler was given', () => {
    const policy = definePolicy({ admission: {} });
    const alone = createIdentityFunction(policy);
    expect(Object.keys(alone)).toEqual(['userValidate']);
    expectTypeOf(alone).toHaveProperty('userValidate');
    expectTypeOf(alone).not.toHaveProperty('userLogin');
    const more = createIdentityFunction(policy, { login: addRoles('member'), deleted: () => undefined });
    expect(Object.keys(more).sort()).toEqual(['userDeleted', 'userLogin', 'userValidate']);
    expectTypeOf(more).toHaveProperty('userLogin');
    expectTypeOf(more).not.toHaveProperty('userSignup');
  });

  test('a mistake in them is reported at once', () => {
    const policy = definePolicy({ admission: {} });
    // @ts-expect-error there is no such event
    expect(() => createIdentityFunction(policy, { register: () => undefined })).toThrow(
      /^createIdentityFunction: register is unknown; the fields are validate/,
    );
    // @ts-expect-error not a function
    expect(() => createIdentityFunction(policy, { validate: 'member' })).toThrow(
      /validate must be a function/,
    );
  });
});

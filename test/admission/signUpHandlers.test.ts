import { beforeEach, describe, expect, test } from 'vitest';
import type { ProofMethod } from '../../src/admission/proofMethod.ts';
import { noProof } from '../../src/admission/proofMethod.ts';
import { type AdmissionRules, createSignUpHandlers } from '../../src/admission/signUpHandlers.ts';
import { defineIdentityEvents } from '../../src/identity/defineEvents.ts';
import type { IdentityEventHandlers } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { hasThrowawayEmail } from '../../src/identity/throwaway.ts';
import { toUser } from '../../src/identity/user.ts';
import type { ErrorCode } from '../../src/protocol/codes.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { fc } from '../support/property.ts';

const emailDomain = 'visitor.invalid';
const lines: unknown[][] = [];
beforeEach(() => {
  lines.length = 0;
});

/** Verifies as given, and records what it was asked. */
function methodThat(
  verify: ProofMethod['verify'],
): Pick<AdmissionRules, 'proofMethod'> & { asked: unknown[] } {
  const asked: unknown[] = [];
  const proofMethod: ProofMethod = {
    ...noProof,
    async verify(given, userId) {
      asked.push([given, userId]);
      await verify(given, userId);
    },
  };
  return { proofMethod: async () => proofMethod, asked };
}

/** What Identity would get back: the bootstrap's view of `userValidate`. */
async function signUp(
  rules: Partial<AdmissionRules>,
  user: { email?: unknown; user_metadata?: Record<string, unknown> },
  validate?: IdentityEventHandlers['validate'],
) {
  const log = (...line: unknown[]) => lines.push(line);
  const admission = { members: 'allow', proofMethod: async () => noProof, ...rules } as const;
  const handlers = createSignUpHandlers({ emailDomain, admission, log }, validate && { validate });
  const { userValidate } = defineIdentityEvents(handlers);
  const event = {
    user: toUser({ ...samplePayloads.validate.user, ...(user as { email?: string }) }),
    denied: false,
    deny() {
      event.denied = true;
      return undefined;
    },
  };
  const reply = await userValidate(event);
  return event.denied ? 'denied' : reply;
}

const throwaway = { email: 'Some-One@Visitor.Invalid', user_metadata: { daypass_proof: 'p', color: 'blue' } };

describe('a throwaway user', () => {
  test('who is admitted is marked, keeps the provider, and loses only the proof', async () => {
    const { proofMethod, asked } = methodThat(async () => undefined);
    expect(await signUp({ proofMethod }, throwaway)).toEqual({
      user: {
        id: samplePayloads.validate.user.id,
        appMetadata: { provider: 'email', roles: ['anonymous'] },
        userMetadata: { color: 'blue' },
      },
    });
    expect(asked).toEqual([['p', samplePayloads.validate.user.id]]);
    expect(lines).toEqual([]);
  });

  test.each<ErrorCode>([
    'proof_missing',
    'proof_malformed',
    'proof_expired',
    'proof_refused',
    'proof_used',
    'not_configured',
  ])('is denied for %s, with one line in the log', async (code) => {
    const { proofMethod } = methodThat(async () => {
      throw new DaypassError(code);
    });
    expect(await signUp({ proofMethod }, throwaway)).toBe('denied');
    expect(lines).toEqual([['admission_denied', { code }]]);
  });

  test('is denied where the environment is at fault', async () => {
    const proofMethod = () => Promise.reject(new DaypassError('not_configured'));
    expect(await signUp({ proofMethod }, throwaway)).toBe('denied');
    expect(lines).toEqual([['admission_denied', { code: 'not_configured' }]]);
  });

  test.each<[Error, ErrorCode]>([
    [
      new DaypassError('store_unavailable', {
        cause: new Error('a secret of the wire'),
        retryAfterSeconds: 2,
      }),
      'store_unavailable',
    ],
    [new DaypassError('turnstile_unavailable', { detail: 'It answered 500.' }), 'turnstile_unavailable'],
    [new TypeError('inner workings'), 'internal_error'],
  ])('whose proof cannot be verified now fails, so that Identity tries again: %s', async (fault, code) => {
    const { proofMethod } = methodThat(async () => {
      throw fault;
    });
    const error = await signUp({ proofMethod }, throwaway).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DaypassError);
    // The platform may show all of it.
    expect([error.code, error.message, error.cause]).toEqual([
      code,
      new DaypassError(code).message,
      undefined,
    ]);
    expect(lines).toEqual([['admission_failed', { code, reason: expect.any(String) }]]);
    expect(JSON.stringify(lines)).not.toContain('secret of the wire');
  });

  test('never reaches the site`s own handler', async () => {
    const validate = () => {
      throw new Error('was called');
    };
    expect(await signUp({}, throwaway, validate)).toMatchObject({
      user: { appMetadata: { roles: ['anonymous'] } },
    });
  });

  test('cannot bring roles or a mark along', async () => {
    const user_metadata = { roles: ['admin'], app_metadata: { roles: ['admin'] } };
    expect(await signUp({}, { ...throwaway, user_metadata })).toMatchObject({
      user: { appMetadata: { provider: 'email', roles: ['anonymous'] }, userMetadata: user_metadata },
    });
  });
});

const memberEmail = fc
  .oneof(
    fc.emailAddress(),
    fc.string(),
    fc.constantFrom(
      '',
      'a@visitor.invalid.',
      '@visitor.invalid',
      'a@b@visitor.invalid',
      'a@sub.visitor.invalid',
    ),
    fc.constantFrom('a@vısitor.invalid', ' a@visitor.invalid', 'a@visitor.invalid\n', null, undefined, 7, {}),
  )
  .filter((email) => !hasThrowawayEmail(email, emailDomain));

describe('everybody else', () => {
  test('passes untouched, whatever the e-mail and whatever came along', async () => {
    const { proofMethod, asked } = methodThat(async () => {
      throw new DaypassError('proof_refused');
    });
    await fc.assert(
      fc.asyncProperty(memberEmail, fc.object({ maxDepth: 1 }), async (email, metadata) => {
        const user = { email, user_metadata: { daypass_proof: 'p', ...metadata } };
        expect(await signUp({ proofMethod }, user)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
    expect([asked, lines]).toEqual([[], []]);
  });

  test('goes to the site`s own handler, which decides', async () => {
    const member = { email: 'member@example.com' };
    const change = await signUp({}, member, () => ({ roles: ['member'] }));
    expect(change).toMatchObject({ user: { appMetadata: { provider: 'email', roles: ['member'] } } });
    expect(await signUp({}, member, (event) => event.deny())).toBe('denied');
    expect(await signUp({}, member, async () => undefined)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test('is denied where the site has no members, handler or not', async () => {
    await fc.assert(
      fc.asyncProperty(memberEmail, async (email) => {
        lines.length = 0;
        expect(await signUp({ members: 'deny' }, { email }, () => ({ roles: ['member'] }))).toBe('denied');
        expect(lines).toEqual([['admission_denied', { code: 'members_denied' }]]);
      }),
      { numRuns: 200 },
    );
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  type Instructions,
  overlapSeconds,
  planStep,
  type RotationState,
} from '../../../cli/secret/planRotation.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { createVerifier } from '../../../src/token/createVerifier.ts';
import { mintTestToken } from '../../../src/token/mintTestToken.ts';
import { issuer, otherSecret, secret } from '../../support/tokens.ts';

const policy = definePolicy();
const now = Date.parse('2026-11-29T12:00:00Z');
const old = { keyId: 'old-----', secret };
const made = { keyId: 'new-----', secret: otherSecret };
const start: RotationState = { policy, audience: 'api', made, primary: old, secondary: undefined, now };

interface Variables {
  DAYPASS_SECRET?: string | undefined;
  DAYPASS_SECRET_SECONDARY?: string | undefined;
}

/** Does what a step says. */
function follow(variables: Variables, { settings }: Instructions): Variables {
  return { ...variables, ...Object.fromEntries(settings.map(({ variable, value }) => [variable, value])) };
}

const optionsOf = ({ DAYPASS_SECRET, DAYPASS_SECRET_SECONDARY }: Variables) => ({
  ...{ issuer, secret: DAYPASS_SECRET, secondarySecret: DAYPASS_SECRET_SECONDARY },
  now: () => now,
});

test('whoever follows the three steps refuses no token, however far the site and a backend are', async () => {
  const today = { DAYPASS_SECRET: secret };
  const added = follow(today, planStep('add', start));
  const swapped = follow(added, planStep('swap', { ...start, secondary: made }));
  const removed = follow(swapped, planStep('remove', { ...start, primary: made, secondary: old }));
  expect([added, swapped, removed]).toEqual([
    { DAYPASS_SECRET: secret, DAYPASS_SECRET_SECONDARY: otherSecret },
    { DAYPASS_SECRET: otherSecret, DAYPASS_SECRET_SECONDARY: secret },
    { DAYPASS_SECRET: otherSecret },
  ]);
  // While a step is under way, some verify as before it and some as after it.
  for (const [before, after] of [
    [today, added],
    [added, swapped],
    [swapped, removed],
  ] as const) {
    for (const site of before === swapped ? [after] : [before, after]) {
      const token = await mintTestToken(optionsOf(site));
      for (const backend of [before, after]) await createVerifier(optionsOf(backend))(token);
    }
  }
  // The tokens of the old secret, which have run out by then.
  const late = await mintTestToken(optionsOf(added));
  await expect(createVerifier(optionsOf(removed))(late)).rejects.toMatchObject({ code: 'token_key' });
});

test('the wait is what the documents say, and follows the policy', () => {
  const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  expect(text).toContain(`and a minute; ${overlapSeconds(policy) / 60} minutes by default`);
  const swap = planStep('swap', { ...start, secondary: made });
  expect(swap).toMatchObject({ waitSeconds: 3960, nextAt: '2026-11-29T13:06:00Z', nextStep: 'remove' });
  const long = definePolicy({ accessToken: { ttlSeconds: 600, renewalGraceSeconds: 0 } });
  expect(planStep('swap', { ...start, policy: long, secondary: made }).waitSeconds).toBe(660);
  expect(planStep('leaked', start).waitSeconds).toBe(12 * 3600 + 300 + 60);
});

test('a leaked secret verifies nothing any more, and sessions of before end', async () => {
  const { settings } = planStep('leaked', { ...start, secondary: { keyId: 'x' } });
  const variables = follow(
    { DAYPASS_SECRET: secret, DAYPASS_SECRET_SECONDARY: 'x' },
    planStep('leaked', start),
  );
  expect(variables).toEqual({
    DAYPASS_SECRET: otherSecret,
    DAYPASS_SECRET_SECONDARY: undefined,
    DAYPASS_SESSIONS_NOT_BEFORE: '2026-11-29T12:00:00Z',
  });
  expect(settings.map(({ where }) => where)).toEqual(['site and backend', 'site and backend', 'site']);
  const forged = await mintTestToken(optionsOf({ DAYPASS_SECRET: secret }));
  await expect(createVerifier(optionsOf(variables))(forged)).rejects.toMatchObject({ code: 'token_key' });
});

test('a leaked private secret is of no backend', () => {
  const { settings, audience } = planStep('leaked-private', start);
  expect(audience).toBeUndefined();
  expect(settings).toEqual([
    {
      variable: 'DAYPASS_PRIVATE_SECRET',
      where: 'site',
      to: 'the new secret (key id new-----)',
      value: otherSecret,
    },
    expect.objectContaining({
      variable: 'DAYPASS_SESSIONS_NOT_BEFORE',
      where: 'site',
      value: '2026-11-29T12:00:00Z',
    }),
  ]);
});

const chat = definePolicy({ audiences: { chat: { secret: 'CHAT_SECRET' } } });

test.each([
  [
    'add',
    { secondary: made },
    'rotation_state',
    'DAYPASS_SECRET_SECONDARY holds a secret already (key id new-----)',
  ],
  ['swap', {}, 'rotation_state', 'DAYPASS_SECRET_SECONDARY is empty: begin with --step add.'],
  ['add', { policy: chat, audience: 'chat' }, 'no_secondary', "add secondarySecret: 'CHAT_SECRET_SECONDARY'"],
  [
    'remove',
    { policy: chat, audience: 'chat' },
    'no_secondary',
    'The policy names no second variable for chat',
  ],
] as const)('%s with %j is no step', (step, given, code, message) => {
  const plan = () => planStep(step, { ...start, ...given });
  expect(plan).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});

test('an audience without a second variable can be replaced at once all the same', () => {
  const { settings } = planStep('leaked', { ...start, policy: chat, audience: 'chat' });
  expect(settings.map(({ variable }) => variable)).toEqual(['CHAT_SECRET', 'DAYPASS_SESSIONS_NOT_BEFORE']);
});

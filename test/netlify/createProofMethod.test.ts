import { expect, test } from 'vitest';
import { createProofMethod, type ProofMethodParts } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { CheckedAdmission } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

const turnstile = { siteKey: '0x4AAA' };
const { admission } = definePolicy({ admission: { proof: 'turnstile', turnstile } });
const make = (changes: Partial<CheckedAdmission>, turnstileSecretKey?: string) =>
  createProofMethod({ ...(admission as CheckedAdmission), ...changes }, {
    turnstileSecretKey,
  } as ProofMethodParts);

test('Turnstile has both its keys', async () => {
  expect(await make({}, 'secret-key').describe()).toEqual({ proof: 'turnstile', site_key: '0x4AAA' });
});

test.each([
  ['admission.turnstile.siteKey', { turnstile: undefined }, 'secret-key'],
  ['TURNSTILE_SECRET_KEY', {}, undefined],
])('without %s there is no Turnstile', (name, changes, secretKey) => {
  expect(() => make(changes, secretKey)).toThrow(
    new ConfigurationError([`${name} is missing: copy it from Cloudflare's dashboard.`]),
  );
});

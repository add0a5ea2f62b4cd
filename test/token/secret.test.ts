import { expect, test } from 'vitest';
import { checkSecrets, makeSecretCommand, secretWeakness } from '../../src/token/keys.ts';
import { otherSecret, privateSecret, secret } from '../support/tokens.ts';

test.each([
  [undefined, 'is missing'],
  ['', 'is missing'],
  ['short', 'is shorter than 32 bytes'],
  ['u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3', 'is shorter than 32 bytes'],
  [`${secret}\n`, 'starts or ends with white space'],
  ['Please enter a long random secret of your own', 'holds white space, like a text rather than a secret'],
  ['changeme-changeme-changeme-changeme-12', 'is a placeholder'],
  ['your-secret-key-goes-right-here-0123456789', 'is a placeholder'],
  ['<generate-a-long-random-value-please-0123>', 'is a placeholder'],
  [`$${'{DAYPASS_SECRET_FROM_SOMEWHERE_ELSE_1234}'}`, 'is a placeholder'],
  ['a'.repeat(64), 'repeats itself'],
  ['abcd1234'.repeat(4), 'repeats itself'],
  ['0123456789abcdef0123456789abcdef', 'repeats itself'],
  ['abcdefghijklmnopqrstuvwxyz0123456789', 'repeats itself'],
  ['u1ZkQ0yXr8mT5nB2'.repeat(2), 'repeats itself'],
])('%j %s', (weak, weakness) => {
  expect(secretWeakness(weak)).toBe(weakness);
});

test.each([secret, otherSecret, privateSecret, 'ключ-из-кириллицы-Ж9ф3'])('%s will do', (good) => {
  expect(secretWeakness(good)).toBeUndefined();
});

test('random secrets are never taken for weak ones', () => {
  for (let round = 0; round < 2000; round += 1) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const base64 = btoa(String.fromCharCode(...bytes));
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    expect([secretWeakness(base64), secretWeakness(hex)]).toEqual([undefined, undefined]);
  }
});

test('the command makes secrets of 32 bytes', () => {
  expect(makeSecretCommand).toMatch(/^node -e ".*randomBytes\(32\).*"$/);
});

test('secrets that must differ are told by their names, all at once, with a remedy and never themselves', () => {
  const good = 'q7Zt1LwXb0vJ4hRnYd9sKcP6mEaF3gUu';
  const weak = 'changeme-changeme-changeme-changeme';
  const problems = checkSecrets([
    { name: 'FIRST', secret: good },
    { name: 'SECOND', secret: good },
    { name: 'THIRD', secret: weak, remedy: 'Copy it' },
    { name: 'FOURTH', secret: undefined },
    { name: 'FIFTH', secret: undefined, isOptional: true },
  ]);
  expect(problems).toEqual([
    `SECOND equals FIRST. Make another: ${makeSecretCommand}`,
    `THIRD is a placeholder. Copy it, or make one: ${makeSecretCommand}`,
    `FOURTH is missing. Make one: ${makeSecretCommand}`,
  ]);
});

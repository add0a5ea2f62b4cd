import { expect, test } from 'vitest';
import { isExchangeable, isSweepable, isThrowaway } from '../../src/identity/throwaway.ts';
import { now } from '../support/tokens.ts';

const rule = { emailDomain: 'visitor.invalid', admission: false, audience: '' };
const admitted = { ...rule, admission: true };
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const user = {
  id: '20675436-07be-4d28-b3aa-7fe0e7c2ddb1',
  aud: '',
  role: '',
  email: 'abc@visitor.invalid',
  app_metadata: { provider: 'email' } as Record<string, unknown>,
  user_metadata: {},
  created_at: iso(now - 5),
  updated_at: iso(now - 5),
};

test('a fresh throwaway user may be exchanged', () => {
  expect(isExchangeable(user, rule, now)).toBe(true);
  expect(isExchangeable({ ...user, email: 'ABC@Visitor.INVALID' }, rule, now)).toBe(true);
});

test.each([
  ['null', null],
  ['a list', [user]],
  ['no id', { ...user, id: undefined }],
  ['an id that is a path', { ...user, id: '../20675436-07be-4d28-b3aa-7fe0e7c2ddb1' }],
  ['an upper-case id', { ...user, id: user.id.toUpperCase() }],
  ['another audience', { ...user, aud: 'other' }],
  ['no audience field', { ...user, aud: undefined }],
  ["a role of GoTrue's own", { ...user, role: 'admin' }],
  ['no role field', { ...user, role: undefined }],
  ['a real domain', { ...user, email: 'abc@example.com' }],
  ['a subdomain', { ...user, email: 'abc@sub.visitor.invalid' }],
  ['a longer domain', { ...user, email: 'abc@notvisitor.invalid' }],
  ['a domain behind', { ...user, email: 'abc@visitor.invalid.example.com' }],
  ['two at signs', { ...user, email: 'member@example.com@visitor.invalid' }],
  ['two at signs, the domain between them', { ...user, email: 'abc@visitor.invalid@example.com' }],
  ['no local part', { ...user, email: '@visitor.invalid' }],
  ['a trailing space', { ...user, email: 'abc@visitor.invalid ' }],
  ['a Kelvin sign that folds to k', { ...user, email: 'abc@visitor.invalid'.replace('i', '\u0130') }],
  ['a letter that looks the same', { ...user, email: 'abc@visitor.inv\u0430lid' }],
  ['an e-mail of another type', { ...user, email: ['abc@visitor.invalid'] }],
  ['another provider', { ...user, app_metadata: { provider: 'google' } }],
  ['no provider', { ...user, app_metadata: {} }],
  ['no app_metadata', { ...user, app_metadata: null }],
  ['a role', { ...user, app_metadata: { provider: 'email', roles: ['editor'] } }],
  [
    'the marker where there is no admission',
    { ...user, app_metadata: { provider: 'email', roles: ['anonymous'] } },
  ],
])('is a member: %s', (_, record) => {
  expect(isThrowaway(record, rule)).toBe(false);
});

test.each([
  [['anonymous'], true],
  [undefined, false],
  [[], false],
  ['anonymous', false],
  [['anonymous', 'editor'], false],
  [['Anonymous'], false],
])('with admission, roles %j: %s', (roles, expected) => {
  const marked = { ...user, app_metadata: { provider: 'email', roles } };
  expect(isThrowaway(marked, admitted)).toBe(expected);
});

test.each([
  [0, true],
  [600, true],
  [660, true],
  [661, false],
  [-60, true],
  [-61, false],
])('created %i seconds ago: %s', (age, expected) => {
  expect(isExchangeable({ ...user, created_at: iso(now - age) }, rule, now)).toBe(expected);
});

test.each([
  undefined,
  null,
  '',
  'today',
  '0',
  String(now),
  now,
  '2027-01-15',
  'Fri, 15 Jan 2027 08:00:00 GMT',
])('a creation time of %j is not one', (created_at) => {
  expect(isExchangeable({ ...user, created_at }, rule, now)).toBe(false);
});

test.each([
  [1260, true],
  [1259, false],
  [1200, false],
  [86_400 * 365, true],
  [0, false],
  [-86_400, false],
])('created %i seconds ago, may be swept: %s', (age, expected) => {
  expect(isSweepable({ ...user, created_at: iso(now - age) }, rule, now)).toBe(expected);
});

test('a user of unknown age, or a member, is never swept', () => {
  const old = { ...user, created_at: iso(now - 7200) };
  expect(isSweepable(old, rule, now)).toBe(true);
  for (const created_at of [undefined, null, '', 'today', '0', now - 7200, '2020-01-15']) {
    expect(isSweepable({ ...old, created_at }, rule, now)).toBe(false);
  }
  expect(isSweepable({ ...old, email: 'abc@example.com' }, rule, now)).toBe(false);
  expect(isSweepable(old, admitted, now)).toBe(false);
});

test('users of another audience are swept only where that one is named', () => {
  const old = { ...user, created_at: iso(now - 7200) };
  const other = { ...old, aud: 'other' };
  const named = { ...rule, audience: 'other' };
  expect([isSweepable(other, rule, now), isSweepable(other, named, now)]).toEqual([false, true]);
  expect([isSweepable(old, rule, now), isSweepable(old, named, now)]).toEqual([true, false]);
  expect(isSweepable({ ...old, aud: undefined }, rule, now)).toBe(false);
});

import { expect, test } from 'vitest';
import { isExchangeable, isThrowaway } from '../../src/identity/throwaway.ts';
import { now } from '../support/tokens.ts';

const rule = { emailDomain: 'visitor.invalid', admission: false };
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
  ['a real domain', { ...user, email: 'abc@example.com' }],
  ['a subdomain', { ...user, email: 'abc@sub.visitor.invalid' }],
  ['a longer domain', { ...user, email: 'abc@notvisitor.invalid' }],
  ['a domain behind', { ...user, email: 'abc@visitor.invalid.example.com' }],
  ['two at signs', { ...user, email: 'member@example.com@visitor.invalid' }],
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
])('a creation time of %j is none', (created_at) => {
  expect(isExchangeable({ ...user, created_at }, rule, now)).toBe(false);
});

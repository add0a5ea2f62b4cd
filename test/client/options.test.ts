import { expect, test } from 'vitest';
import { createSession } from '../../client/index.ts';
import { checkOptions, type SessionOptions } from '../../client/options.ts';
import { defaultEmailDomain } from '../../src/policy/defaults.ts';
import { optionsWith } from './support/fakeSite.ts';

test.each([
  ['identityUrl', 7],
  ['identityUrl', 'http://'],
  ['brokerUrl', 'https://a b.example/'],
  ['brokerUrl', {}],
  ['audience', 1],
  ['scope', ['a']],
  ['emailDomain', 'a@b.invalid'],
  ['emailDomain', ''],
  ['emailDomain', 'b.invalid/x'],
  ['prove', '/daypass-proof.js'],
])('a malformed %s is a TypeError at construction: %j', (name, value) => {
  expect(() => createSession(optionsWith({ [name]: value }))).toThrow(TypeError);
});

test.each([
  ['proof', '/daypass-proof.js'],
  ['identityURL', 'https://site.example/id'],
])('what is no option is a TypeError that names it: %s', (name, value) => {
  const options = { ...optionsWith(), [name]: value };
  expect(() => createSession(options)).toThrow(new TypeError(`Daypass: bad option ${name}`));
});

test('a relative address where there is no page is a TypeError', () => {
  expect(() => createSession()).toThrow(TypeError);
});

test('options that are left out or undefined have their defaults', () => {
  const given = optionsWith({ audience: undefined, storage: null }) as SessionOptions;
  expect(checkOptions(given)).toMatchObject({ audience: '', scope: '', emailDomain: defaultEmailDomain });
});

test('a slash at the end of an address is of no account, one of an audience is', () => {
  const slashed = { brokerUrl: 'https://b.example/session/', audience: 'https://api.example/' };
  expect(checkOptions(optionsWith(slashed))).toMatchObject({
    brokerUrl: 'https://b.example/session',
    audience: 'https://api.example/',
  });
});

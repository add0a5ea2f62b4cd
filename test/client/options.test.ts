import { expect, test } from 'vitest';
import { createSession } from '../../client/index.ts';
import { checkOptions, type SessionOptions } from '../../client/options.ts';
import { defaultEmailDomain } from '../../src/policy/define.ts';
import { optionsWith } from './support/fakeSite.ts';

const none = (): null => null;

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
  ['header', 'X-Other'],
  ['header', ''],
  ['header', 'X-Daypass '],
  ['header', ['X-Daypass']],
  ['prove', '/daypass-proof.js'],
  ['prove', null],
  ['storage', 'localStorage'],
  ['storage', {}],
  ['storage', ''],
  ['storage', 0],
  ['storage', false],
  ['storage', { getItem: none }],
  ['storage', { getItem: none, setItem: none }],
  ['storage', { getItem: none, setItem: none, removeItem: 'remove' }],
  ['storage', { get: none, set: none, remove: none }],
])('a malformed %s is a TypeError at construction: %j', (name, value) => {
  expect(() => createSession(optionsWith({ [name]: value }))).toThrow(TypeError);
});

test.each([
  ['proof', 'prove'],
  ['identityURL', 'identityUrl'],
  ['scopes', 'scope'],
  ['audiense', 'audience'],
  ['broker', 'brokerUrl'],
])('what is no option is a TypeError that names the nearest: %s', (name, near) => {
  const options = { ...optionsWith(), [name]: 'x' };
  expect(() => createSession(options)).toThrow(
    new TypeError(`Daypass: no option ${name}; did you mean ${near}?`),
  );
});

test('what is like no option is a TypeError that names all', () => {
  const options = { ...optionsWith(), whatever: 'x' };
  expect(() => createSession(options)).toThrow(/no option whatever; did you mean .*identityUrl, brokerUrl/);
});

test.each([[null], ['/session'], [[]]])('options that are no object are a TypeError: %j', (options) => {
  expect(() => createSession(options as never)).toThrow(TypeError);
});

test('what a library has put on the prototype of all objects is no option', () => {
  const odd = { value: 'a', enumerable: true, configurable: true, writable: true };
  Object.defineProperties(Object.prototype, { scopes: odd, emailDomain: odd, url: odd });
  try {
    expect(() => createSession(optionsWith({ emailDomain: 'b.example' }))).not.toThrow();
  } finally {
    for (const name of ['scopes', 'emailDomain', 'url']) Reflect.deleteProperty(Object.prototype, name);
  }
});

test('options that are left out or undefined have their defaults', () => {
  const given = optionsWith({ audience: undefined, storage: null }) as SessionOptions;
  expect(checkOptions(given)).toMatchObject({
    audience: '',
    scope: '',
    emailDomain: defaultEmailDomain,
    header: 'Authorization',
  });
});

test('a slash at the end of an address is of no account, one of an audience is', () => {
  const slashed = { brokerUrl: 'https://b.example/session/', audience: 'https://api.example/' };
  expect(checkOptions(optionsWith(slashed))).toMatchObject({
    brokerUrl: 'https://b.example/session',
    audience: 'https://api.example/',
  });
});

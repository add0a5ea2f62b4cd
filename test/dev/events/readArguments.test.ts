import { expect, test } from 'vitest';
import { readArguments } from '../../../dev/events/readArguments.ts';

test('runs the function identity of this folder unless told otherwise', () => {
  expect(readArguments(['login'], {})).toEqual({
    event: 'login',
    target: { project: '.', function: 'identity' },
    email: undefined,
    dataFile: undefined,
    secret: undefined,
  });
});

test('takes the key of the signature from the environment too', () => {
  const env = { IDENTITY_JWT_SECRET: 'from the environment' };
  expect(readArguments(['login'], env)?.secret).toBe('from the environment');
  const own = { ...env, IDENTITY_WEBHOOK_SECRET: 'of the webhook' };
  expect(readArguments(['login'], own)?.secret).toBe('of the webhook');
  expect(readArguments(['login', '--secret', 'told'], own)?.secret).toBe('told');
});

test('asked for help, there is nothing to send', () => {
  expect(readArguments(['--help'], {})).toBeUndefined();
});

test.each([
  [['nothing'], 'Name one event: validate, signup, login, modified, deleted.'],
  [['toString'], 'Name one event'],
  [[], 'Name one event'],
  [['login', 'signup'], 'Name one event'],
  [['login', '--port', '1'], "Unknown option '--port'"],
  [['login', '--url', 'ftp://x'], '--url must be an http(s) address.'],
  [['login', '--url', 'http://localhost', '--function', 'a'], 'leave --project and --function out'],
  [['login', '--function', '../a'], 'without a path'],
])('%j is a mistake', (args, words) => {
  expect(() => readArguments(args, {})).toThrow(words);
  expect(() => readArguments(args, {})).toThrow(TypeError);
});

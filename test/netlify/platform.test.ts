import { afterEach, expect, test, vi } from 'vitest';
import { isDebugMode } from '../../src/netlify/platform.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test.each([
  ['development', true],
  ['test', true],
  ['', true],
  [undefined, true],
  ['production', false],
])('NODE_ENV %s: debug mode is %s', (value, expected) => {
  vi.stubEnv('NODE_ENV', value);
  expect(isDebugMode()).toBe(expected);
});

test('never on Netlify, which sets no NODE_ENV, nor where there is no process', () => {
  vi.stubEnv('NODE_ENV', undefined);
  vi.stubGlobal('Netlify', { env: { get: () => undefined } });
  expect(isDebugMode()).toBe(false);
  vi.unstubAllGlobals();
  vi.stubGlobal('process', undefined);
  const found = isDebugMode();
  vi.unstubAllGlobals();
  expect(found).toBe(false);
});

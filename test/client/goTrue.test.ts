import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('window', globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(globalThis, 'GoTrue');
});

test('gotrue-js by itself sets the global, so the tests below mean something', async () => {
  await import('gotrue-js');
  expect(globalThis).toHaveProperty('GoTrue');
});

test('a page without window.GoTrue has none afterwards', async () => {
  await import('../../client/signUp.ts');
  expect(Object.hasOwn(globalThis, 'GoTrue')).toBe(false);
});

test.each([{ mine: true }, undefined])('a page’s own window.GoTrue stays: %j', async (own) => {
  Object.defineProperty(globalThis, 'GoTrue', {
    value: own,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  await import('../../client/signUp.ts');
  expect(Object.getOwnPropertyDescriptor(globalThis, 'GoTrue')).toEqual({
    value: own,
    writable: true,
    configurable: true,
    enumerable: false,
  });
});

test('a worker, which has no window, is left as it is', async () => {
  vi.stubGlobal('window', undefined);
  await import('../../client/signUp.ts');
  expect(Object.hasOwn(globalThis, 'GoTrue')).toBe(false);
});

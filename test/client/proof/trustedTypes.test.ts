import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWork } from '../support/challenge.ts';

const turnstile = 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit';
let created: string[];

/** A copy of the module, as another build brings it. */
async function loadCopy() {
  vi.resetModules();
  return import('../../../client/proof/trustedTypes.ts');
}

/** Makes policies as a browser does: trusted addresses are objects. */
function stubTrustedTypes(isAllowed = (name: string) => !created.includes(name)): void {
  vi.stubGlobal('trustedTypes', {
    createPolicy(name: string, { createScriptURL }: { createScriptURL(url: string): string }) {
      if (!isAllowed(name)) throw new TypeError(`Policy "${name}" disallowed.`);
      created.push(name);
      return { createScriptURL: (url: string) => ({ trusted: createScriptURL(url) }) };
    },
  });
}

beforeEach(() => {
  created = [];
  vi.stubGlobal('location', { origin: 'https://site.example' });
});
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(globalThis, Symbol.for('daypass.trustedTypes'));
});

test('loading makes no policy', async () => {
  stubTrustedTypes();
  await loadCopy();
  expect(created).toEqual([]);
});

test.each([
  [turnstile],
  ['https://site.example/daypass-solver.js'],
  ['https://site.example/a/solver-3f2a.js'],
])('vouches for %s', async (url) => {
  stubTrustedTypes();
  const { trustedScriptUrl } = await loadCopy();
  expect(trustedScriptUrl(url)).toEqual({ trusted: url });
  expect(created).toEqual(['daypass']);
});

test.each([
  ['https://site.example.evil.example/x.js'],
  ['https://site.example:8443/x.js'],
  ['http://site.example/x.js'],
  ['https://evil.example/?https://site.example/'],
  ['https://challenges.cloudflare.com/turnstile/v0/api.js'],
  [`${turnstile}&onload=evil`],
  ['data:text/javascript,alert(1)'],
  ['blob:https://site.example/3f2a'],
  ['javascript:alert(1)'],
  ['/x.js'],
  ['//evil.example/x.js'],
])('vouches for nothing else: %s', async (url) => {
  stubTrustedTypes();
  const { trustedScriptUrl } = await loadCopy();
  expect(() => trustedScriptUrl(url)).toThrow(TypeError);
});

test('copies share one policy, as a page’s policy may allow the name once', async () => {
  stubTrustedTypes();
  for (let copy = 0; copy < 3; copy += 1) {
    const { trustedScriptUrl } = await loadCopy();
    trustedScriptUrl(turnstile);
    expect(trustedScriptUrl(turnstile)).toEqual({ trusted: turnstile });
  }
  expect(created).toEqual(['daypass']);
});

test.each([
  ['without Trusted Types', () => {}],
  ['where the name is forbidden', () => stubTrustedTypes(() => false)],
])('the address stays text %s', async (_, stub) => {
  stub();
  const { trustedScriptUrl } = await loadCopy();
  expect(trustedScriptUrl(turnstile)).toBe(turnstile);
});

test('the package’s own solver: in words that bundlers find, and vouched for where the browser wants that', async () => {
  stubTrustedTypes();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.stubGlobal('navigator', { hardwareConcurrency: 1 });
  const asked: unknown[] = [];
  vi.stubGlobal(
    'Worker',
    class {
      constructor(url: unknown, options: unknown) {
        asked.push([url, options]);
        throw new TypeError("This document requires 'TrustedScriptURL' assignment");
      }
    },
  );
  vi.stubGlobal('fetch', async () => Response.json({ ...(await createWork()) }));
  // Where the module is, as far as the policy is concerned.
  vi.stubGlobal('location', { origin: new URL('.', import.meta.url).origin === 'null' ? 'file://' : '' });
  vi.resetModules();
  const { prove } = await import('../../../client/proof/prove.ts');
  expect(await prove({ brokerUrl: 'https://site.example/session', report: () => {} })).toEqual(
    expect.any(String),
  );
  const solver = new URL('../../../client/proof/solver.js', import.meta.url);
  expect(asked).toEqual([
    [solver, { type: 'module' }],
    [{ trusted: solver.href }, { type: 'module' }],
  ]);
});

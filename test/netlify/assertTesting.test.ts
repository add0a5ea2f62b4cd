import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assertTesting } from '../../src/netlify/assertTesting.ts';

const names = ['DAYPASS_TESTING', 'NODE_ENV', 'CONTEXT', 'VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT'];

beforeEach(() => {
  for (const name of names) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

function refusal(variables: Record<string, string>): string {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  try {
    assertTesting('daypass/testing');
  } catch (error) {
    return (error as TypeError).message;
  }
  return 'allowed';
}

test.each([
  [{}, /this could be production: no test runner runs/],
  [{ NODE_ENV: 'staging' }, /this could be production/],
  [{ NODE_ENV: 'production' }, /NODE_ENV is production/],
  [{ CONTEXT: 'production' }, /the deploy context \(CONTEXT\) is production/],
  [{ CONTEXT: 'production', NODE_ENV: 'development' }, /CONTEXT/],
  [{ DAYPASS_TESTING: '0', NODE_ENV: 'production' }, /NODE_ENV is production/],
  [{ DAYPASS_TESTING: 'true' }, /could be production/],
])('%o is refused, with the remedy', (variables, words) => {
  const said = refusal(variables);
  expect(said).toMatch(words);
  expect(said).toContain('set DAYPASS_TESTING=1');
});

test.each([
  [{ NODE_ENV: 'test' }],
  [{ NODE_ENV: 'development' }],
  [{ VITEST: 'true' }],
  [{ JEST_WORKER_ID: '1' }],
  [{ NODE_TEST_CONTEXT: 'child-v8' }],
  // A build on Netlify runs tests, too.
  [{ CONTEXT: 'production', VITEST: 'true' }],
  [{ CONTEXT: 'production', DAYPASS_TESTING: '1' }],
  [{ NODE_ENV: 'production', DAYPASS_TESTING: '1' }],
])('%o is allowed', (variables) => {
  expect(refusal(variables)).toBe('allowed');
});

test('a function on Netlify is refused where its deploy is production', () => {
  const variables: Record<string, string> = { NODE_ENV: 'development' };
  const platform = (context: string) => ({
    env: { get: (name: string) => variables[name] },
    context: { deploy: { context } },
  });
  vi.stubGlobal('Netlify', platform('production'));
  expect(refusal(variables)).toMatch(/the deploy context is production/);
  vi.stubGlobal('Netlify', platform('dev'));
  expect(refusal(variables)).toBe('allowed');
});

describe('where there is no Node and no Deno', () => {
  beforeEach(() => {
    // No `versions`, which Node has.
    vi.stubGlobal('process', { env: {} });
    vi.stubGlobal('Deno', undefined);
  });

  test.each(['document', 'window'])('a page, which has a %s, is allowed', (name) => {
    vi.stubGlobal(name, {});
    expect(refusal({})).toBe('allowed');
  });

  test('a server, as Workers are, is refused', () => {
    expect(refusal({})).toMatch(/this could be production/);
  });
});

test.each(['document', 'window'])(
  'a server that has a %s, as jsdom and older Deno give it, is refused',
  (name) => {
    vi.stubGlobal(name, {});
    expect(refusal({})).toMatch(/this could be production/);
  },
);

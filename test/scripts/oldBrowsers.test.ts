import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { buildClient } from '../../scripts/buildClient.ts';
import { bundlePage } from '../../scripts/bundle.ts';
import { missingCalls } from '../support/safari154.ts';

const files = {
  ...(await buildClient()),
  'the module daypass': await bundlePage('client/index.ts'),
  'the module daypass/proof': await bundlePage('client/proof/prove.ts'),
};

describe.each(Object.entries(files))('Safari 15.4 runs %s', (_, script) => {
  test('its syntax', async () => {
    const write = async (target: string) => (await transform(script, { target })).code;
    expect(await write('safari15.4')).toBe(await write('esnext'));
    // Before 16.4 it is a syntax error of the whole file; esbuild leaves it as it is.
    expect(script).not.toMatch(/\(\?<[=!]/);
  });

  test('what it calls', () => {
    expect(missingCalls(script)).toEqual([]);
  });
});

test.each([
  ['AbortSignal.timeout(20)', ['AbortSignal.timeout']],
  ['AbortSignal.timeout?.(20)', []],
  ['list.toSorted()', ['Array.prototype.toSorted']],
  ['new SharedWorker(url)', ['SharedWorker']],
  ['trustedTypes.createPolicy()', ['trustedTypes']],
  ['globalThis.trustedTypes?.createPolicy();typeof trustedTypes', []],
])('a call that would fail is found: %s', (script, names) => {
  expect(missingCalls(script)).toEqual(names);
});

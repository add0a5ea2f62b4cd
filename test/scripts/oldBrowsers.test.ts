import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { bundlePage, bundleProof, bundleScript, bundleSolver } from '../../scripts/bundle.ts';
import { missingCalls } from '../support/safari154.ts';

describe.each([
  ['daypass.js', bundleScript],
  ['daypass-proof.js', bundleProof],
  ['daypass-solver.js', bundleSolver],
  ['the module', () => bundlePage('client/index.ts')],
])('Safari 15.4 runs %s', (_, bundle) => {
  test('its syntax', async () => {
    const script = await bundle();
    const write = async (target: string) => (await transform(script, { target })).code;
    expect(await write('safari15.4')).toBe(await write('esnext'));
    // Before 16.4 it is a syntax error of the whole file; esbuild leaves it as it is.
    expect(script).not.toMatch(/\(\?<[=!]/);
  });

  test('what it calls', async () => {
    expect(missingCalls(await bundle())).toEqual([]);
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

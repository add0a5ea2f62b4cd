/// <reference types="vite/client" />
import { expect, test } from 'vitest';

// `npm run test:runtimes` names the runtime by Vite's mode: a suite that ran on the wrong one would prove nothing.
test('runs on the runtime that was asked for', () => {
  expect('Deno' in globalThis).toBe(import.meta.env.MODE === 'deno');
});

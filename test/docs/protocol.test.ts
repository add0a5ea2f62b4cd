import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectShown } from './generated.ts';
import { runProtocol } from './protocolRun.ts';

// docs/protocol.md shows what a run of broker, gate and Identity sent and answered.

let shown: Map<string, string>;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 15, 8) });
  shown = await runProtocol();
});
afterAll(() => vi.useRealTimers());

test('the examples are those of a run', () => {
  expectShown('docs/protocol.md', shown);
});

test('no example holds a whole token', () => {
  for (const text of shown.values()) expect(text).not.toMatch(/[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/);
});

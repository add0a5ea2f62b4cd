import { createElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeSession } from '../../client/fakeSession.ts';
import { DaypassProvider, useDaypass } from '../../client/react.ts';
import type { Session } from '../../client/session.ts';

// On a server: what a browser does with it is in test/e2e/react.test.ts.

let seen: unknown[] = [];
afterEach(() => {
  seen = [];
  vi.unstubAllGlobals();
});

function Page(): string {
  const daypass = useDaypass();
  seen.push(daypass);
  return daypass.status;
}

const render = (session?: Session) =>
  renderToString(
    createElement(
      StrictMode,
      null,
      createElement(DaypassProvider, session ? { session } : null, createElement(Page)),
    ),
  );

test('renders the state before the first call, and asks nothing of the session', () => {
  const session = createFakeSession();
  expect(render(session)).toBe('idle');
  expect(seen).toEqual([{ session, status: 'idle' }]);
  expect(session.calls).toEqual([]);
});

test('makes a session of its own, which touches nothing', () => {
  const touched: string[] = [];
  for (const name of ['fetch', 'localStorage', 'navigator', 'addEventListener', 'window', 'document']) {
    const tell = () => touched.push(name);
    vi.stubGlobal(name, new Proxy(tell, { get: tell }));
  }
  expect(render()).toBe('idle');
  expect(seen).toEqual([
    { session: expect.objectContaining({ fetch: expect.any(Function) }), status: 'idle' },
  ]);
  expect(touched).toEqual([]);
});

test('one session has one state, by however many providers it is handed on', () => {
  const session = createFakeSession();
  render(session);
  render(session);
  expect(seen[1]).toBe(seen[0]);
});

test('two requests that are rendered at once share nothing', () => {
  render();
  render();
  expect((seen[1] as { session: Session }).session).not.toBe((seen[0] as { session: Session }).session);
});

test('without a provider, the hook says what is missing', () => {
  expect(() => renderToString(createElement(Page))).toThrow(
    new TypeError('Daypass: useDaypass needs a DaypassProvider above it'),
  );
});

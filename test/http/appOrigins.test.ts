import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../src/http/context.ts';
import { createProtectedApp } from '../../src/http/gateApp.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { issuer } from '../support/tokens.ts';

const extension = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const origins = ['capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'app://-', extension];
const foreign = [
  'capacitor://localhost.example',
  'capacitor://localhost:8080',
  'capacitor://other',
  'CAPACITOR://localhost',
  'capacitor://localhost/',
  'capacitor:',
  'tauri://localhost, https://evil.example',
  'app://',
  'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba',
  'moz-extension://abcdefghijklmnopabcdefghijklmnop',
  'null',
  'file://',
];
let gate: GateStack;
let broker: BrokerStack;
let hello: App;
beforeAll(async () => {
  gate = await startGateStack({ policy: { origins } });
  broker = await startBrokerStack({ policy: { origins } });
  hello = createProtectedApp(
    gate.authorization,
    { audience: 'api', scope: undefined },
    () => new Response('hello'),
    () => undefined,
  );
});
afterAll(() => Promise.all([gate.close(), broker.close()]));

/** A preflight and a call of each part, from pages of an origin. */
const parts: Record<string, { app: () => App; path: string; call: (origin: string) => Promise<Response> }> = {
  gate: {
    app: () => gate.app,
    path: '/api/x',
    call: (origin) => gate.call('/api/x', { method: 'POST', headers: { origin } }),
  },
  'a protected function': {
    app: () => hello,
    path: '/hello',
    async call(origin) {
      const headers = { origin, authorization: `Bearer ${await gate.mint()}` };
      return hello.request(`${issuer}/hello`, { headers });
    },
  },
  'broker, exchange': {
    app: () => broker.app,
    path: '/session/token',
    call: async (origin) => broker.exchange(await broker.identityToken(), {}, { origin }),
  },
  'broker, challenge': {
    app: () => broker.app,
    path: '/session/challenge',
    call: async (origin) => broker.request('/session/challenge', { headers: { origin } }),
  },
};

describe.each(Object.entries(parts))('%s', (_, { app, path, call }) => {
  const preflight = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    return app().request(issuer + path, { method: 'OPTIONS', headers });
  };

  test.each(origins)('a page of %s may ask, call and read', async (origin) => {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBe(origin);
    const answer = await call(origin);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test.each(foreign)('a page of %s may not', async (origin) => {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await call(origin);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(await outcome(answer)).toBe('403 foreign_origin');
  });
});

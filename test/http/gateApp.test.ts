import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { keysForEver } from '../support/redisParts.ts';
import { issuer } from '../support/tokens.ts';

const partner = 'https://partner.example';
let stack: GateStack;
beforeAll(async () => {
  stack = await startGateStack({ policy: { origins: [partner] } });
});
afterEach(() => stack.upstreamAnswers());
afterAll(() => stack.close());

describe('a call that passes', () => {
  test('reaches the upstream with its token, body and query, and comes back', async () => {
    const token = await stack.mint();
    const response = await stack.call('/api/items?page=2', {
      token,
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', cookie: 'session=1', 'x-forwarded-for': '198.51.100.1' },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('from the upstream');
    const received = stack.received.at(-1);
    expect(`${received?.method} ${received?.url}`).toBe('POST /api/items?page=2');
    expect(received?.body.toString()).toBe('{"a":1}');
    expect(received?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': '7',
    });
    expect(received?.headers).not.toHaveProperty('cookie');
    expect(received?.headers).not.toHaveProperty('x-forwarded-for');
  });

  test('says what is left of each limit', async () => {
    const response = await stack.call('/api/x', { address: '2001:db8:1:2::3' });
    expect(response.headers.get('ratelimit-policy')).toBe(
      '"session";q=60;w=60, "address";q=6000;w=60, "network";q=60000;w=60',
    );
    expect(response.headers.get('ratelimit')).toMatch(
      /^"session";r=59;t=\d+, "address";r=5999;t=\d+, "network";r=59999;t=\d+$/,
    );
  });

  test('says it in structured fields (RFC 9651 §3.1, §3.1.2, §3.3.3)', async () => {
    const { headers } = await stack.call('/api/x', { address: '2001:db8:1:2::3' });
    const member = '"[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]+"(;[a-z][a-z0-9_.*-]*=-?\\d{1,15})*';
    const list = new RegExp(`^${member}(, ${member})*$`);
    expect(headers.get('ratelimit-policy')).toMatch(list);
    expect(headers.get('ratelimit')).toMatch(list);
  });

  test('is kept by no cache, whatever the upstream says, and the limits are ours to tell', async () => {
    stack.upstreamAnswers((response) => {
      response.writeHead(200, {
        'cache-control': 'public, max-age=3600',
        vary: 'Accept-Encoding',
        ratelimit: '"other";r=0;t=9',
        'access-control-allow-origin': '*',
      });
      response.end('{}');
    });
    const { headers } = await stack.call('/api/x');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
    expect(headers.get('ratelimit')).toMatch(/^"session";/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('brings the upstream`s status, redirect and cookies', async () => {
    stack.upstreamAnswers((response) => {
      response.writeHead(303, { location: '/elsewhere', 'set-cookie': ['a=1; Path=/', 'b=2; Path=/'] });
      response.end();
    });
    const response = await stack.call('/api/x', { method: 'POST', body: '' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/elsewhere');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/']);
  });

  test('brings a refusal of the upstream as it is', async () => {
    stack.upstreamAnswers((response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="backend"' });
      response.end('not you');
    });
    const response = await stack.call('/api/x');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="backend"');
    expect(await response.text()).toBe('not you');
  });

  test('HEAD has no body, and a compressed one arrives plain', async () => {
    stack.upstreamAnswers((response, { method }) => {
      const body = gzipSync('plain text');
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length });
      response.end(method === 'HEAD' ? undefined : body);
    });
    const response = await stack.call('/api/x');
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(await response.text()).toBe('plain text');
    const head = await stack.call('/api/x', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toBeNull();
    expect(stack.received.at(-1)?.method).toBe('HEAD');
  });

  test('an answer with no body may be 204 or 304', async () => {
    for (const status of [204, 304]) {
      stack.upstreamAnswers((response) => response.writeHead(status).end());
      const response = await stack.call('/api/x');
      expect([response.status, await response.text()]).toEqual([status, '']);
    }
  });
});

describe('Redis', () => {
  test('is asked once a call: revocation, session, address and network together', async () => {
    const address = '2001:db8:9:9::1';
    await stack.call('/api/x', { address });
    for (let call = 0; call < 5; call += 1) {
      const before = stack.redis.requests;
      expect((await stack.call('/api/x', { address })).status).toBe(200);
      expect(stack.redis.requests - before).toBe(1);
    }
  });

  test('keeps nothing for ever', async () => {
    await stack.call('/api/x', { address: '2001:db8:9:8::1' });
    expect(await keysForEver(stack.redis)).toEqual([]);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string, method = 'PUT') =>
    stack.request('/api/x', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  test('one on the list may ask and read', async () => {
    const asked = await preflight(partner);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(partner);
    expect(asked.headers.get('access-control-allow-methods')?.split(', ')).toContain('PUT');
    expect(asked.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    expect(asked.headers.get('cache-control')).toBe('no-store');
    expect(asked.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');

    const { headers } = await stack.call('/api/x', { headers: { origin: partner } });
    expect(headers.get('access-control-allow-origin')).toBe(partner);
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual([
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
      'X-Request-Id',
    ]);
  });

  test('one on the list may read a refusal too', async () => {
    const { status, headers } = await stack.request('/api/x', { headers: { origin: partner } });
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBe(partner);
    expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  });

  test.each([
    'https://evil.example',
    'null',
    'http://partner.example',
    'https://partner.example.evil.example',
    'https://partner.example:8443',
    'https://PARTNER.example',
    `${partner}/`,
  ])('%s may not', async (origin) => {
    const asked = await preflight(origin);
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    const called = await stack.call('/api/x', { headers: { origin } });
    expect(called.status).toBe(403);
    expect(called.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('the site itself may', async () => {
    expect((await stack.call('/api/x', { headers: { origin: issuer } })).status).toBe(200);
    const headers = { 'sec-fetch-site': 'same-origin' };
    expect((await stack.call('/api/x', { headers })).status).toBe(200);
  });

  test('a preflight asks neither Redis nor the upstream', async () => {
    const [requests, received] = [stack.redis.requests, stack.received.length];
    await preflight(partner);
    expect([stack.redis.requests, stack.received.length]).toEqual([requests, received]);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ExpressRequest } from '../../src/http/expressMiddleware.ts';
import { requireAccessToken as requireInExpress } from '../../src/package/express.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { newSubject } from '../../src/token/mint.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { goodClaims, goodHeader, issuer, now, otherSecret, secret, sign } from '../support/tokens.ts';

// Limits of a backend's own, behind Hono and Express: with a Redis that several processes share, and without one.

const bridge = useRedisBridge();
const options = { secret, issuer, now: () => now * 1000, warn: () => undefined, debug: false };
const hour = (limit: number) => ({ limit, windowSeconds: 3600, algorithm: 'fixed-window' as const });

/** What answers requests. */
type Backend = { request(path: string, init: RequestInit): Response | Promise<Response> };
type Options = Partial<Parameters<typeof requireAccessToken>[0]>;

beforeEach(async () => {
  vi.stubEnv('UPSTASH_REDIS_REST_URL', '');
  vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', '');
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A backend of one process. */
function createBackend(own: Options, price = '70') {
  return new Hono()
    .use('*', requireAccessToken({ ...options, ...own } as never))
    .get('/broken', () => {
      throw new Error('of the app');
    })
    .get('/tokens', () => new Response('tokens', { headers: { 'Daypass-Cost': price } }))
    .get('*', (c) => c.text('ok'))
    .onError((_, c) => c.text('broken', 500));
}

const tokenOf = (subject = newSubject()) => sign(goodHeader, { ...goodClaims, sub: subject });
const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const store = () => ({ url: bridge().url, token: bridge().token, timeoutMilliseconds: 30_000 });

async function statuses(app: Backend, times: number, token: string, path = '/hello'): Promise<number[]> {
  const seen: number[] = [];
  for (let call = 0; call < times; call += 1) seen.push((await app.request(path, withToken(token))).status);
  return seen;
}

describe.each([
  ['in the memory of the process', () => ({})],
  ['in a Redis', () => ({ redis: store() })],
])('%s', (_where, where) => {
  test('a session is limited, and its neighbour is not', async () => {
    const app = createBackend({ ...where(), name: 'chat', limits: { session: hour(2) } });
    const token = await tokenOf();
    expect(await statuses(app, 3, token)).toEqual([200, 200, 429]);
    expect(await statuses(app, 1, await tokenOf())).toEqual([200]);
  });

  test('answers, errors too, say what is left, and a refusal when it is worth trying again', async () => {
    const limits = { session: [hour(2), { limit: 3, windowSeconds: 86_400 }], total: hour(9) };
    const app = createBackend({ ...where(), name: 'chat', limits });
    const token = await tokenOf();
    const first = await app.request('/broken', withToken(token));
    expect(first.status).toBe(500);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"session-3600 chat";q=2;w=3600, "session-86400 chat";q=3;w=86400, "total chat";q=9;w=3600',
    );
    expect(first.headers.get('ratelimit')).toMatch(
      /^"session-3600 chat";r=1;t=\d+, "session-86400 chat";r=2;t=\d+, "total chat";r=8;t=\d+$/,
    );
    await app.request('/hello', withToken(token));
    const refused = await app.request('/hello', withToken(token));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toContain('"session-3600 chat";r=0;');
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
  });

  test('a ceiling holds for all sessions together, and takes what each call costs', async () => {
    const app = createBackend({ ...where(), name: 'chat', limits: { total: hour(7) }, cost: 2 });
    const tokens = await Promise.all(Array.from({ length: 5 }, () => tokenOf()));
    const seen: number[] = [];
    for (const token of tokens) seen.push(...(await statuses(app, 1, token)));
    expect(seen).toEqual([200, 200, 200, 429, 429]);
  });

  test('a price that the answer names is charged, and the field goes no further', async () => {
    const own = { name: 'chat', limits: { session: hour(100), leaseSeconds: 0 } };
    const app = createBackend({ ...where(), ...own, cost: { answer: 'daypass-cost' } });
    const token = await tokenOf();
    const first = await app.request('/tokens', withToken(token));
    expect(first.status).toBe(200);
    expect(first.headers.has('daypass-cost')).toBe(false);
    expect((await app.request('/tokens', withToken(token))).headers.get('ratelimit')).toMatch(
      /^"session chat";r=29;/,
    );
    expect(await statuses(app, 1, token)).toEqual([429]);
  });

  test.each([
    ['', 98],
    ['many', 98],
    ['5, 7', 92],
  ])('after a price of "%s" and a call %i are left', async (price, left) => {
    const own = { name: 'chat', limits: { session: hour(100) }, cost: { answer: 'daypass-cost' } };
    const app = createBackend({ ...where(), ...own }, price);
    const token = await tokenOf();
    await app.request('/tokens', withToken(token));
    expect((await app.request('/tokens', withToken(token))).headers.get('ratelimit')).toContain(
      `"session chat";r=${left};`,
    );
  });

  test('an address is limited whatever session it has, where the backend says how it is known', async () => {
    const clientAddress = (c: { req: { header(name: string): string | undefined } }) =>
      c.req.header('x-forwarded-for');
    const limits = { address: hour(2), network: hour(3) };
    const app = createBackend({ ...where(), name: 'chat', limits, clientAddress } as Options);
    const call = async (address: string) => {
      const headers = { authorization: `Bearer ${await tokenOf()}`, 'x-forwarded-for': address };
      return (await app.request('/hello', { headers })).status;
    };
    expect([await call('203.0.113.7'), await call('203.0.113.7'), await call('203.0.113.7')]).toEqual([
      200, 200, 429,
    ]);
    expect(await call('203.0.113.8')).toBe(200);
    for (const each of ['1::1', '1:0:0:1::2', '2::']) expect(await call(`2001:db8:${each}`)).toBe(200);
    expect(console.log).not.toHaveBeenCalled();
    await call('');
    expect(console.log).toHaveBeenCalledWith(expect.stringContaining('address_unknown'));
  });

  test('who is refused for the token counts for nothing', async () => {
    const app = createBackend({ ...where(), name: 'chat', limits: { total: hour(1) } });
    const foreign = await sign(goodHeader, { ...goodClaims, aud: 'other' });
    expect(await statuses(app, 3, foreign)).toEqual([401, 401, 401]);
    expect(await statuses(app, 1, await tokenOf())).toEqual([200]);
  });

  test('two sites are two sets of sessions', async () => {
    const other = { secret: otherSecret, issuer: 'https://blog.example' };
    const { primary } = await createKeyRing({ audience: 'api', secret: otherSecret });
    const two = { ...options, secret: undefined, issuer: undefined, sites: [{ secret, issuer }, other] };
    const own = { ...where(), name: 'chat', limits: { session: hour(1) } };
    const app = new Hono()
      .use('*', requireAccessToken({ ...two, ...own } as never))
      .get('*', (c) => c.text(''));
    const subject = newSubject();
    const claims = { ...goodClaims, sub: subject, iss: other.issuer };
    expect(await statuses(app, 2, await tokenOf(subject))).toEqual([200, 429]);
    expect(
      await statuses(app, 2, await sign({ ...goodHeader, kid: primary.id }, claims, otherSecret)),
    ).toEqual([200, 429]);
  });
});

describe('several processes over one Redis', () => {
  test('share the limits of one name, and no other', async () => {
    const backend = (name: string) =>
      createBackend({ redis: store(), name, limits: { session: hour(3), leaseSeconds: 0 } });
    const token = await tokenOf();
    expect(await statuses(backend('chat'), 2, token)).toEqual([200, 200]);
    expect(await statuses(backend('chat'), 2, token)).toEqual([200, 429]);
    expect(await statuses(backend('search'), 1, token)).toEqual([200]);
    expect(await keysForEver(bridge())).toEqual([]);
    const keys = JSON.stringify(await command(bridge(), 'KEYS', '*'));
    const [, claims = ''] = token.split('.');
    expect(keys).not.toContain((JSON.parse(atob(claims)) as { sub: string }).sub);
  });

  test('find it in the environment', async () => {
    vi.stubEnv('UPSTASH_REDIS_REST_URL', bridge().url);
    vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', bridge().token);
    const own = { name: 'chat', limits: { session: hour(1), leaseSeconds: 0 } };
    const token = await tokenOf();
    expect(await statuses(createBackend(own), 1, token)).toEqual([200]);
    expect(await statuses(createBackend(own), 1, token)).toEqual([429]);
  });

  test.each([
    ['local', [200, 200, 429]],
    ['allow', [200, 200, 200]],
    ['deny', [503, 503, 503]],
  ] as const)('while it is away, storeFailure %s answers %o', async (storeFailure, expected) => {
    const app = createBackend({ redis: store(), name: 'chat', limits: { session: hour(2) }, storeFailure });
    const token = await tokenOf();
    bridge().setFault({ kind: 'bad-gateway' });
    const seen = await statuses(app, 3, token);
    bridge().setFault(undefined);
    expect(seen).toEqual(expected);
  });

  test('what was taken and not spent is given back, and no call waits for that', async () => {
    const limits = { session: hour(80), leaseSeconds: 0.5 };
    const app = createBackend({ redis: store(), name: 'chat', limits });
    await statuses(app, 4, await tokenOf());
    const taken = async () => {
      const [key] = (await command(bridge(), 'KEYS', 'daypass:calls:*')) as string[];
      return key === undefined ? undefined : Number(await patient(bridge()).get(key));
    };
    await expect.poll(taken).toBe(4);
  });
});

test('Express: the same limits, fields and prices, at a real server', async () => {
  const check = requireInExpress({
    ...options,
    redis: store(),
    name: 'chat',
    limits: { session: hour(100), address: hour(100), leaseSeconds: 0 },
    cost: { answer: 'Daypass-Cost' },
  });
  const server = createServer((request, response) => {
    const asked = Object.assign(request, { ip: request.socket.remoteAddress }) as unknown as ExpressRequest;
    void check(asked, response as never, (error) => {
      if (error) response.statusCode = 500;
      if (request.url === '/set') response.setHeader('daypass-cost', '60');
      if (request.url === '/object') response.writeHead(201, { 'DAYPASS-COST': 20, 'x-other': 'kept' });
      if (request.url === '/list') response.writeHead(202, 'Fine', ['daypass-cost', '10', 'x-other', 'kept']);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const token = await tokenOf();
    const left: (string | undefined)[] = [];
    const taken = async () => {
      const [key = ''] = (await command(bridge(), 'KEYS', 'daypass:calls:backend session*')) as string[];
      return Number(await patient(bridge()).get(key));
    };
    for (const path of ['/set', '/object', '/list', '/plain', '/plain', '/set', '/plain']) {
      // The last price is reported without another call.
      if (left.length === 6) await expect.poll(taken).toBe(152);
      const response = await fetch(url + path, withToken(token));
      const { headers } = response;
      left.push(`${response.status} ${/"session chat";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]}`);
      expect(headers.has('daypass-cost')).toBe(false);
      if (response.status === 201 || response.status === 202) expect(headers.get('x-other')).toBe('kept');
    }
    expect(left).toEqual(['200 99', '201 39', '202 19', '200 9', '200 8', '200 7', '429 0']);
    const refused = await fetch(`${url}/plain`, withToken(token));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-policy')).toContain('"address chat";q=100;w=3600');
    expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test.each<[string, object, number]>([
  ['twice in a list', ['daypass-cost', '20', 'x-other', 'kept', 'Daypass-Cost', '5'], 20],
  ['beside a field of several values', ['x-other', ['kept', 'too'], 'daypass-cost', '5'], 5],
  ['as several values in a list', ['daypass-cost', ['20', '5'], 'x-other', ['kept', 'too']], 20],
  [
    'in pairs',
    [
      ['x-other', ['kept', 'too']],
      ['daypass-cost', ['5', '20']],
    ],
    20,
  ],
  ['as several values', { 'daypass-cost': ['20', '5'], 'x-other': ['kept', 'too'] }, 20],
])('Express: a price given to writeHead %s is charged, and goes no further', async (_how, given, price) => {
  const check = requireInExpress({
    ...options,
    name: 'chat',
    limits: { session: hour(100) },
    cost: { answer: 'daypass-cost' },
  });
  const server = createServer((request, response) => {
    void check(request as unknown as ExpressRequest, response as never, () => {
      response.writeHead(200, given as never);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const token = await tokenOf();
    const { headers } = await fetch(url, withToken(token));
    expect(headers.has('daypass-cost')).toBe(false);
    expect(headers.get('x-other')).toMatch(/^kept(, too)?$/);
    const next = await fetch(url, withToken(token));
    expect(next.headers.get('ratelimit')).toContain(`"session chat";r=${100 - price - 1};`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('readers of one price field, one within the other, charge each its own limits', () => {
  const priced = { limits: { total: hour(1000) }, cost: { answer: 'daypass-cost' } };
  const left = (response: Response, name: string) =>
    new RegExp(`"total ${name}";r=(\\d+)`).exec(response.headers.get('ratelimit') ?? '')?.[1];

  test('Hono', async () => {
    const app = new Hono().use('*', requireAccessToken({ ...options, ...priced, name: 'all' })).route(
      '/chat',
      new Hono()
        .use('*', requireAccessToken({ ...options, ...priced, name: 'chat' }))
        .get('/free', (c) => c.text('free'))
        .get('*', () => new Response('tokens', { headers: { 'Daypass-Cost': '500' } })),
    );
    const first = await app.request('/chat', withToken(await tokenOf()));
    expect(first.headers.has('daypass-cost')).toBe(false);
    // No other call's price is charged for one without.
    const free = await app.request('/chat/free', withToken(await tokenOf()));
    expect([left(free, 'all'), left(free, 'chat')]).toEqual(['499', '499']);
    const last = await app.request('/chat', withToken(await tokenOf()));
    expect([left(last, 'all'), left(last, 'chat')]).toEqual(['498', '498']);
  });

  test('Express', async () => {
    const [outer, inner] = ['all', 'chat'].map((name) => requireInExpress({ ...options, ...priced, name }));
    const server = createServer((request, response) => {
      const asked = request as unknown as ExpressRequest;
      void outer?.(asked, response as never, () => {
        void inner?.(asked, response as never, () => {
          if (request.url === '/set') response.setHeader('daypass-cost', 500);
          if (request.url === '/object') response.writeHead(200, { 'Daypass-Cost': 100 });
          response.end('ok');
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const seen: unknown[] = [];
      for (const path of ['/set', '/plain', '/object', '/plain']) {
        const response = await fetch(url + path, withToken(await tokenOf()));
        expect(response.headers.has('daypass-cost')).toBe(false);
        seen.push([left(response, 'all'), left(response, 'chat')]);
      }
      expect(seen).toEqual(['999', '499', '498', '398'].map((each) => [each, each]));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

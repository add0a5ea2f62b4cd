import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDevRedis } from '../../dev/redis/start.ts';
import type { PlatformContext } from '../../src/netlify/platform.ts';
import { protect } from '../../src/netlify/protect.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { newSubject } from '../../src/token/mint.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { usePlatform } from '../support/platform.ts';
import { closeBridge, command } from '../support/redisParts.ts';
import { issuer, otherSecret, privateSecret, secret } from '../support/tokens.ts';

interface Context extends PlatformContext {
  requestId: string;
}

const platform = usePlatform();
const policyInput: PolicyInput = {
  audiences: {
    api: { secret: 'DAYPASS_SECRET', scopes: ['read', 'write'] },
    admin: { secret: 'ADMIN_SECRET' },
  },
  origins: ['https://partner.example'],
  limits: { session: { limit: 2, windowSeconds: 3600 } },
};
const policy = definePolicy(policyInput);
// Mints the tokens and lends its Redis; its gate is not asked.
let stack: GateStack;
beforeAll(async () => {
  stack = await startGateStack();
});
afterAll(() => stack.close());

function provide(changes: Record<string, string> = {}): void {
  platform.provide({
    DAYPASS_SECRET: secret,
    ADMIN_SECRET: otherSecret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: stack.redis.url,
    UPSTASH_REDIS_REST_TOKEN: stack.redis.token,
    URL: 'https://site.example',
    ...changes,
  });
}
const context = (requestId = 'r1'): Context => ({
  ip: '203.0.113.7',
  deploy: { context: 'production' },
  requestId,
});
const request = (token?: string, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  return new Request('https://site.example/hello?who=1', { ...init, headers });
};
const codeOf = async (response: Response) =>
  `${response.status} ${((await response.json()) as { code: string }).code}`;

test('a session that began before DAYPASS_SESSIONS_NOT_BEFORE does not reach the function', async () => {
  const startedAt = Math.floor(Date.now() / 1000) - 100;
  const answers: string[] = [];
  for (const offset of [-1, 0, 1]) {
    provide({ DAYPASS_SESSIONS_NOT_BEFORE: new Date((startedAt + offset) * 1000).toISOString() });
    const hello = protect<Context>(async () => new Response('reached'), { policy });
    const response = await hello(request(await stack.mint({ sessionStartedAt: startedAt })), context());
    answers.push(response.ok ? '200' : await codeOf(response));
  }
  expect(answers).toEqual(['200', '200', '401 session_ended']);
});

describe('a caller who passes', () => {
  test('reaches the function, which gets the platform`s context and the token', async () => {
    provide();
    const subject = newSubject();
    const hello = protect<Context>(
      async (received, { requestId, accessToken, ip }) =>
        Response.json({
          url: received.url,
          body: await received.text(),
          requestId,
          ip,
          subject: accessToken.subject,
          scopes: accessToken.scopes,
        }),
      { policy },
    );
    const token = await stack.mint({ subject, scopes: ['read'] });
    const response = await hello(request(token, { method: 'POST', body: 'whole' }), context());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      url: 'https://site.example/hello?who=1',
      body: 'whole',
      requestId: 'r1',
      ip: '203.0.113.7',
      subject,
      scopes: ['read'],
    });
    expect(response.headers.get('ratelimit-policy')).toBe('"session";q=2;w=3600, "address";q=6000;w=60');
    expect(response.headers.get('ratelimit')).toMatch(/^"session";r=1;t=\d+, /);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
  });

  test('gets its own context, however many call at once', async () => {
    provide();
    const hello = protect<Context>(
      async (_, { requestId, accessToken }) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return Response.json([requestId, accessToken.subject]);
      },
      { policy },
    );
    const calls = Array.from({ length: 6 }, async (_, index) => {
      const subject = newSubject();
      const response = await hello(request(await stack.mint({ subject })), context(`r${index}`));
      expect(await response.json()).toEqual([`r${index}`, subject]);
    });
    await Promise.all(calls);
  });

  test('gets the function`s answer as it is, also one of fetch', async () => {
    provide();
    const answers = [
      () => Response.redirect('https://elsewhere.example/', 302),
      () => new Response(null, { status: 204 }),
      () =>
        new Response('teapot', {
          status: 418,
          headers: [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        }),
      () => fetch(stack.redis.url),
    ];
    const seen: unknown[] = [];
    for (const answer of answers) {
      const response = await protect(answer, { policy })(request(await stack.mint()), context());
      seen.push([response.status, response.headers.getSetCookie()]);
      expect(response.headers.has('ratelimit')).toBe(true);
    }
    expect(seen).toEqual([
      [302, []],
      [204, []],
      [418, ['a=1', 'b=2']],
      [401, []],
    ]);
  });
});

test('while Redis is away the policy decides, and what passed unseen is counted once the answer is made', async () => {
  // Its own: on a busy machine the calls before may have passed unseen, too.
  const redis = await startDevRedis({ backend: 'memory' });
  provide({ UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token });
  const later: Promise<unknown>[] = [];
  const waiting = { ...context(), waitUntil: (work: Promise<unknown>) => void later.push(work) };
  const hello = protect<Context>((_, { accessToken }) => new Response(accessToken.subject), { policy });
  const subject = newSubject();
  const token = await stack.mint({ subject });
  redis.setFault({ kind: 'bad-gateway' });
  const answers: Response[] = [];
  for (let call = 0; call < 3; call += 1) answers.push(await hello(request(token), waiting));
  redis.setFault(undefined);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(await answers[0]?.text()).toBe(subject);
  expect(answers[1]?.headers.get('ratelimit')).toMatch(/^"session";r=0;t=\d+, "address";r=5998;t=\d+$/);
  await Promise.all(later);
  const day = new Date().toISOString().slice(0, 10);
  const hash = await command(redis, 'HGETALL', `daypass:stats:${day}`);
  await closeBridge(redis);
  expect(hash).toEqual(['revocation_unchecked - -', '2']);
});

describe('where the platform ends a function before it has answered', () => {
  /** What Redis knows after some calls of which the last is never answered. */
  async function afterEndlessCall(calls: number, fault: boolean) {
    const redis = await startDevRedis({ backend: 'memory' });
    provide({ UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token });
    const later: Promise<unknown>[] = [];
    const waiting = { ...context(), waitUntil: (work: Promise<unknown>) => void later.push(work) };
    const limits = { session: { limit: 1000, windowSeconds: 30 * 86_400 }, leaseSeconds: 0.5 };
    let reached = () => {};
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let left = calls;
    const hello = protect<Context>(
      () => {
        left -= 1;
        if (left > 0) return new Response('ok');
        reached();
        return new Promise(() => undefined);
      },
      { policy: definePolicy({ ...policyInput, limits }) },
    );
    const token = await stack.mint();
    for (let call = 1; call < calls; call += 1) await hello(request(token), context());
    if (fault) redis.setFault({ kind: 'bad-gateway' });
    void hello(request(token), waiting);
    await isReached;
    redis.setFault(undefined);
    await Promise.all(later);
    const day = new Date().toISOString().slice(0, 10);
    const events = await command(redis, 'HGETALL', `daypass:stats:${day}`);
    const [key = ''] = (await command(redis, 'KEYS', 'daypass:calls:session*')) as string[];
    const units = await command(redis, 'GET', key);
    await closeBridge(redis);
    return { events, units };
  }

  test('the units that it took and did not spend are given back', async () => {
    expect(await afterEndlessCall(5, false)).toMatchObject({ units: '5' });
  });

  test('what passed while Redis was away is counted', async () => {
    expect(await afterEndlessCall(1, true)).toEqual({
      events: ['revocation_unchecked - -', '1'],
      units: '1',
    });
  });
});

describe('a caller who does not', () => {
  const never = vi.fn(() => new Response('reached'));
  const guarded = protect<Context>(never, { policy });

  test('is refused as the gate refuses, and the function is not called', async () => {
    provide();
    const missing = await guarded(request(), context());
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    expect(missing.headers.get('cache-control')).toBe('no-store');
    expect(missing.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
    expect(await codeOf(missing)).toBe('401 token_missing');
    expect(await codeOf(await guarded(request('nonsense'), context()))).toBe('401 token_malformed');
    const admin = await stack.mint({ audience: 'admin' });
    expect(await codeOf(await guarded(request(admin), context()))).toBe('401 token_key');
    const preview = await stack.mint({ deployContext: 'deploy-preview' });
    expect(await codeOf(await guarded(request(preview), context()))).toBe('401 token_deploy_context');
    const foreign = request(await stack.mint(), { headers: { origin: 'https://evil.example' } });
    expect(await codeOf(await guarded(foreign, context()))).toBe('403 foreign_origin');
    expect(never).not.toHaveBeenCalled();
  });

  test('is refused when revoked, and when over the limit', async () => {
    provide();
    const subject = newSubject();
    await createRevocations(createRedis(stack.redis), { now: () => Date.now() }).revoke(
      await stack.privateKeys.hashIdentifier(subject),
      60,
    );
    expect(await codeOf(await guarded(request(await stack.mint({ subject })), context()))).toBe(
      '401 token_revoked',
    );
    // Seen once, it holds though Redis is away.
    stack.redis.setFault({ kind: 'bad-gateway' });
    const again = await guarded(request(await stack.mint({ subject })), context());
    stack.redis.setFault(undefined);
    expect(await codeOf(again)).toBe('401 token_revoked');
    const token = await stack.mint();
    const ok = protect<Context>(() => new Response('ok'), { policy });
    const outcomes: number[] = [];
    for (let call = 0; call < 3; call += 1) outcomes.push((await ok(request(token), context())).status);
    expect(outcomes).toEqual([200, 200, 429]);
    expect(never).not.toHaveBeenCalled();
  });

  test('is refused while Redis is away, where the policy denies', async () => {
    provide();
    const denying = protect<Context>(never, {
      policy: definePolicy({ ...policyInput, storeFailure: 'deny' }),
    });
    const token = await stack.mint();
    stack.redis.setFault({ kind: 'bad-gateway' });
    const response = await denying(request(token), context());
    stack.redis.setFault(undefined);
    expect(await codeOf(response)).toBe('503 store_unavailable');
    expect(never).not.toHaveBeenCalled();
  });

  test('is refused in mode monitor too: the function counts on the token', async () => {
    provide();
    const monitored = protect<Context>(never, { policy: definePolicy({ ...policyInput, mode: 'monitor' }) });
    expect(await codeOf(await monitored(request(), context()))).toBe('401 token_missing');
    expect(await codeOf(await monitored(request('nonsense'), context()))).toBe('401 token_malformed');
    expect(never).not.toHaveBeenCalled();
  });

  test('is refused while the environment is at fault', async () => {
    provide({ DAYPASS_SECRET: 'short-PrivateMarker' });
    const unconfigured = protect<Context>(never, { policy });
    const response = await unconfigured(request(await stack.mint()), context());
    expect(await codeOf(response)).toBe('503 not_configured');
    expect(platform.lines.join()).toContain('DAYPASS_SECRET is shorter');
    expect(platform.lines.join()).not.toContain('PrivateMarker');
    expect(never).not.toHaveBeenCalled();
  });

  test('a page on the list may ask before it calls', async () => {
    provide();
    const preflight = new Request('https://site.example/hello', {
      method: 'OPTIONS',
      headers: { origin: 'https://partner.example', 'access-control-request-method': 'GET' },
    });
    const response = await guarded(preflight, context());
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://partner.example');
    expect(never).not.toHaveBeenCalled();
  });
});

test('a function that asks for a scope, or for another audience', async () => {
  provide();
  const ok = () => new Response('ok');
  const scoped = protect(ok, { policy, scope: 'write' });
  expect(await codeOf(await scoped(request(await stack.mint({ scopes: ['read'] })), context()))).toBe(
    '403 insufficient_scope',
  );
  expect((await scoped(request(await stack.mint({ scopes: ['read', 'write'] })), context())).status).toBe(
    200,
  );
  const admin = protect(ok, { policy, audience: 'admin' });
  expect(await codeOf(await admin(request(await stack.mint()), context()))).toBe('401 token_key');
  expect((await admin(request(await stack.mint({ audience: 'admin' })), context())).status).toBe(200);
});

test('a function that throws: 500, which reveals nothing', async () => {
  provide();
  const broken = protect(
    () => {
      throw new Error('inner workings');
    },
    { policy },
  );
  const response = await broken(request(await stack.mint()), context());
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('inner workings');
  expect(platform.lines.join()).toContain('inner workings');
});

test.each([
  [{ audience: 'nobody' }, /nobody is not among the policy's audiences/],
  [{ audience: '__proto__' }, /__proto__ is not among/],
  [{ audience: 'toString' }, /toString is not among/],
  [{ scope: 'admin' }, /admin is not among the scopes of audience api/],
  [{ audience: 'admin', scope: 'read' }, /read is not among the scopes of audience admin/],
])('a mistake in the options is one at start: %o', (mistake, reason) => {
  const make = () => protect(() => new Response(), { policy, ...mistake });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(reason);
});

test('limits of a function hold in addition to the site`s, apart from those of another, and a call takes what it costs', async () => {
  provide();
  const wide = definePolicy({ ...policyInput, limits: { session: { limit: 20, windowSeconds: 3600 } } });
  const limits = { session: { limit: 4, windowSeconds: 3600 } };
  const chat = protect<Context>(() => new Response('ok'), { policy: wide, name: 'chat', limits, cost: 2 });
  const other = protect<Context>(() => new Response('ok'), { policy: wide, name: 'other', limits });
  const token = await stack.mint();
  const statuses = async (guarded: typeof chat) => {
    const seen: number[] = [];
    for (let call = 0; call < 5; call += 1) seen.push((await guarded(request(token), context())).status);
    return seen;
  };
  expect(await statuses(chat)).toEqual([200, 200, 429, 429, 429]);
  expect(await statuses(other)).toEqual([200, 200, 200, 200, 429]);
  const refused = await chat(request(token), context());
  expect(refused.headers.get('ratelimit-policy')).toContain('"session chat";q=4;w=3600');
});

test('a price that the function names is charged, and the field goes no further', async () => {
  provide();
  const wide = definePolicy({ ...policyInput, limits: { session: { limit: 100, windowSeconds: 3600 } } });
  const answer = () => new Response('tokens', { headers: { 'daypass-cost': '60' } });
  const chat = protect<Context>(answer, { policy: wide, cost: { answer: 'daypass-cost' } });
  const token = await stack.mint();
  const first = await chat(request(token), context());
  expect(first.headers.has('daypass-cost')).toBe(false);
  expect((await chat(request(token), context())).headers.get('ratelimit')).toMatch(/^"session";r=39;/);
  expect((await chat(request(token), context())).status).toBe(429);
});

test('the price reaches Redis with the answer, not with the next call: an instance may not live to see one', async () => {
  provide();
  const month = { limit: 1000, windowSeconds: 30 * 86_400 };
  const exact = definePolicy({ ...policyInput, limits: { session: month, leaseSeconds: 0 } });
  const later: Promise<unknown>[] = [];
  const waiting = { ...context(), waitUntil: (work: Promise<unknown>) => void later.push(work) };
  const answer = () => new Response('tokens', { headers: { 'daypass-cost': '500' } });
  const terms = { name: 'priced', limits: { total: month }, cost: { answer: 'daypass-cost' } };
  const chat = protect<Context>(answer, { policy: exact, ...terms });
  expect((await chat(request(await stack.mint()), waiting)).status).toBe(200);
  await Promise.all(later);
  const [key = ''] = (await command(stack.redis, 'KEYS', 'daypass:calls:function total priced*')) as string[];
  expect(await command(stack.redis, 'GET', key)).toBe('500');
});

test('a price that a Hono app in the function takes off is charged to the function`s limits as well', async () => {
  provide();
  const month = { limit: 1000, windowSeconds: 30 * 86_400 };
  const terms = { limits: { total: month }, cost: { answer: 'daypass-cost' } };
  const app = new Hono()
    .use(requireAccessToken({ secret, issuer, name: 'inner', ...terms }))
    .get('/free', (c) => c.text('free'))
    .get('*', (c) => c.text('tokens', 200, { 'daypass-cost': '500' }));
  let path = '/hello';
  const chat = protect<Context>(
    // The same request twice: no other call's price is charged.
    (received) => app.fetch(path === '/free' ? new Request(new URL(path, received.url), received) : received),
    { policy: definePolicy({ ...policyInput, limits: { session: month } }), name: 'outer', ...terms },
  );
  const received = request(await stack.mint());
  const seen: (string | undefined)[] = [];
  for (path of ['/hello', '/free', '/hello']) {
    const response = await chat(received, context());
    expect(response.status).toBe(200);
    expect(response.headers.has('daypass-cost')).toBe(false);
    seen.push(/"total outer";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
  }
  expect(seen).toEqual(['999', '499', '498']);
});

test('so is one of a call whose request `bodyLimit` replaced behind the check', async () => {
  provide();
  const month = { limit: 1000, windowSeconds: 30 * 86_400 };
  const terms = { limits: { total: month }, cost: { answer: 'daypass-cost' } };
  const app = new Hono()
    .use(requireAccessToken({ secret, issuer, name: 'limited-inner', ...terms }))
    .use(bodyLimit({ maxSize: 100 }))
    .post('*', async (c) => c.text(await c.req.text(), 200, { 'daypass-cost': '500' }));
  const chat = protect<Context>((received) => app.fetch(received), {
    policy: definePolicy({ ...policyInput, limits: { session: month } }),
    name: 'limited-outer',
    ...terms,
  });
  const token = await stack.mint();
  const call = () => chat(request(token, { method: 'POST', body: 'whole' }), context());
  expect(await (await call()).text()).toBe('whole');
  expect((await call()).headers.get('ratelimit')).toContain('"total limited-outer";r=499;');
});

test('a route, a function and a backend of one name count apart on one Redis', async () => {
  provide();
  const name = '/api/chat';
  const month = { limit: 1000, windowSeconds: 30 * 86_400 };
  const limits = { session: month, total: month };
  const site = { ...policyInput, limits: { session: { ...month, limit: 2000 }, leaseSeconds: 0 } };
  const gate = await startGateStack({
    redis: stack.redis,
    policy: { ...site, routes: [{ path: name, limits }, { path: '/api/*' }] },
  });
  const token = await stack.mint();
  const chat = protect<Context>(() => new Response('ok'), { policy: definePolicy(site), name, limits });
  const backend = new Hono()
    .use(requireAccessToken({ secret, issuer, name, limits: { ...limits, leaseSeconds: 0 } }))
    .get('*', (c) => c.text('ok'));
  const answers = [
    await gate.call(name, { token }),
    await chat(request(token), context()),
    await backend.request('/', { headers: { authorization: `Bearer ${token}` } }),
  ];
  await gate.close();
  const left = answers.map(({ headers }) =>
    ['session', 'total'].map(
      (limit) => new RegExp(`"${limit} ${name}";r=(\\d+)`).exec(headers.get('ratelimit') ?? '')?.[1],
    ),
  );
  expect(left).toEqual(Array.from({ length: 3 }, () => ['999', '999']));
});

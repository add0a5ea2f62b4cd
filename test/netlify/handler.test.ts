import { Hono } from 'hono';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDevIdentity } from '../../dev/identity/start.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { type CallerEnv, callerOf } from '../../src/http/context.ts';
import { createBroker } from '../../src/netlify/createBroker.ts';
import { createGate } from '../../src/netlify/createGate.ts';
import { createHandler } from '../../src/netlify/handler.ts';
import type { PlatformContext } from '../../src/netlify/platform.ts';
import { logLine } from '../../src/netlify/platform.ts';
import type { DeployInfo } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { causes, type StatusResponse } from '../../src/protocol/causes.ts';
import type { TokenResponse } from '../../src/protocol/messages.ts';
import { usePlatform } from '../support/platform.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { closeBridge } from '../support/redisParts.ts';
import { privateSecret, secret } from '../support/tokens.ts';

const platform = usePlatform();
const policy = definePolicy();
const good = {
  DAYPASS_SECRET: secret,
  DAYPASS_PRIVATE_SECRET: privateSecret,
  UPSTASH_REDIS_REST_URL: 'https://redis.example',
  UPSTASH_REDIS_REST_TOKEN: 'not-a-real-token',
};
const context: PlatformContext = {
  ip: '203.0.113.7',
  site: { url: 'https://site.example' },
  deploy: { context: 'production' },
};
const get = (path: string) => new Request(`https://site.example${path}`);

describe('the app', () => {
  /** A handler whose app says where it runs and who called. */
  function spy(chosen = policy) {
    const deployInfos: DeployInfo[] = [];
    const handler = createHandler(chosen, (_, deployInfo) => {
      deployInfos.push(deployInfo);
      return new Hono<CallerEnv>().all('*', (c) => c.json(callerOf(c).address ?? null));
    });
    return { handler, deployInfos };
  }

  test('is built once, at the first request, for all of them', async () => {
    platform.provide(good);
    const { handler, deployInfos } = spy();
    expect(deployInfos).toEqual([]);
    await Promise.all(Array.from({ length: 20 }, () => handler(get('/'), context)));
    await handler(get('/'), context);
    expect(deployInfos).toHaveLength(1);
  });

  test('gets the address that the platform vouches for, and none for an empty one', async () => {
    platform.provide(good);
    const { handler } = spy();
    const address = async (ip: string | undefined) => {
      const request = new Request('https://site.example/', {
        headers: { 'x-forwarded-for': '198.51.100.1' },
      });
      return (await handler(request, { ...context, ...(ip === undefined ? {} : { ip }) })).json();
    };
    expect(await address('2001:db8::1')).toBe('2001:db8::1');
    expect(await address('')).toBeNull();
    const { handler: other } = spy();
    expect(await (await other(get('/'), { site: context.site ?? {} })).json()).toBeNull();
  });

  test.each([
    ['production', 'production'],
    ['deploy-preview', 'deploy-preview'],
    ['branch-deploy', 'branch-deploy'],
    ['staging', 'branch-deploy'],
    ['dev', 'dev'],
    [undefined, 'dev'],
  ])('knows the deploy context %s as %s', async (name, known) => {
    platform.provide(good);
    const { handler, deployInfos } = spy();
    await handler(get('/'), { ...context, deploy: name === undefined ? {} : { context: name } });
    expect(deployInfos[0]?.deployContext).toBe(known);
  });

  test.each([
    ['of the policy before all', 'https://issuer.example', 'https://url.example', 'https://issuer.example'],
    ['of the variable URL before the context', undefined, 'https://url.example/', 'https://url.example'],
    ['of the context', undefined, undefined, 'https://site.example'],
  ])('takes the issuer %s', async (_, issuer, URL, expected) => {
    platform.provide({ ...good, ...(URL !== undefined && { URL }) });
    const { handler, deployInfos } = spy(definePolicy(issuer === undefined ? {} : { issuer }));
    await handler(get('/'), { ...context, site: { url: 'https://site.example/' } });
    expect(deployInfos[0]?.issuer).toBe(expected);
  });

  test('is not built without an issuer', async () => {
    platform.provide(good);
    const { handler, deployInfos } = spy();
    const response = await handler(get('/'), { deploy: { context: 'production' } });
    expect([response.status, deployInfos.length]).toEqual([503, 0]);
    expect(platform.lines.join()).toContain('set issuer in daypass.config.ts');
  });
});

describe.each([
  ['broker', createBroker, '/session/revoke'],
  ['gate', createGate, '/api/x'],
] as const)('a %s without its environment', (_, create, path) => {
  const values = { DAYPASS_SECRET: 'changeme-PrivateMarker-changeme-changeme', UPSTASH_REDIS_REST_TOKEN: '' };

  test('refuses everything with 503', async () => {
    platform.provide(values);
    const handler = create(policy);
    for (const method of ['GET', 'POST', 'PUT']) {
      const response = await handler(new Request(get(path), { method }), context);
      expect(response.status).toBe(503);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({
        code: 'not_configured',
        detail: expect.stringContaining('/session/status'),
      });
    }
  });

  test('says under /session/status which variables to set, and no value', async () => {
    platform.provide(values);
    const response = await create(policy)(get('/session/status'), context);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    const { ok, checks } = JSON.parse(text) as StatusResponse;
    expect([ok, checks.map(({ name, cause }) => `${name}: ${cause}`)]).toEqual([
      false,
      ['secrets: variable_missing', 'secrets: secret_weak'],
    ]);
    for (const name of [
      'DAYPASS_SECRET',
      'DAYPASS_PRIVATE_SECRET',
      'UPSTASH_REDIS_REST_URL',
      'UPSTASH_REDIS_REST_TOKEN',
    ]) {
      expect(checks.map(({ remedy }) => remedy).join()).toContain(name);
      expect(platform.lines.join()).toContain(name);
    }
    expect(text + platform.lines.join()).not.toContain('PrivateMarker');
  });
});

test('a token of the token endpoint without its environment is refused as RFC 6749 says', async () => {
  platform.provide({});
  const response = await createBroker(policy)(
    new Request(get('/session/token'), { method: 'POST' }),
    context,
  );
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable', code: 'not_configured' });
});

describe('a broker whose policy is loaded', () => {
  const statusOf = async (source: () => Promise<{ default: typeof policy }>) => {
    platform.provide(good);
    const handler = createBroker(source);
    const refused = await handler(new Request(get('/session/revoke'), { method: 'POST' }), context);
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'not_configured']);
    return (await (await handler(get('/session/status'), context)).json()) as StatusResponse;
  };

  test('works like one whose policy is imported, and loads it once, at the first request', async () => {
    platform.provide({ ...good, URL: 'https://site.example' });
    const load = vi.fn(async () => ({ default: policy }));
    const handler = createBroker(load);
    expect(load).not.toHaveBeenCalled();
    for (let call = 0; call < 2; call += 1) {
      expect((await handler(get('/.well-known/oauth-authorization-server'), context)).status).toBe(200);
    }
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("reports what is wrong with the policy, and the file's name", async () => {
    const { ok, checks } = await statusOf(async () => ({
      default: definePolicy({ mode: 'strict' as 'enforce', storeFailure: 'x' as 'deny' }),
    }));
    expect([ok, checks.length, checks[0]?.name]).toEqual([false, 1, 'policy']);
    expect(checks[0]?.remedy).toMatch(/^daypass\.config\.ts: mode: .*\ndaypass\.config\.ts: storeFailure: /);
  });

  test('reports that its file has no policy', async () => {
    const { checks } = await statusOf(async () => ({ default: {} as typeof policy }));
    expect(checks[0]).toMatchObject({ name: 'policy', ok: false });
    expect(checks[0]?.remedy).toMatch(/daypass\.config\.ts.*definePolicy/);
  });

  test('reports that its file cannot be loaded, and only the log says why', async () => {
    const { checks } = await statusOf(() =>
      Promise.reject(new ReferenceError('PrivateMarker is not defined')),
    );
    expect(checks).toEqual([
      {
        name: 'policy',
        ok: false,
        cause: 'policy_invalid',
        what: causes.policy_invalid.what,
        remedy: expect.stringMatching(/^daypass\.config\.ts could not be loaded/),
      },
    ]);
    expect(platform.lines.join()).toContain('PrivateMarker');
  });
});

describe('broker and gate of one site', () => {
  let identity: Awaited<ReturnType<typeof startDevIdentity>>;
  let redis: DevRedis;
  let upstream: Upstream;
  beforeAll(async () => {
    identity = await startDevIdentity();
    redis = await startDevRedis({ backend: 'memory' });
    upstream = await startUpstream();
  });
  afterAll(async () => {
    await identity.close();
    await closeBridge(redis);
    await upstream.close();
  });
  const variables = () => ({
    ...good,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    DAYPASS_UPSTREAM: upstream.url.href,
    IDENTITY_URL: identity.url,
  });
  const inContext = (name: string): PlatformContext => ({ ...context, deploy: { context: name } });

  async function exchange(where: PlatformContext): Promise<Response> {
    const user = identity.users.plant({ email: `${crypto.randomUUID()}@visitor.invalid` });
    const headers = { authorization: `Bearer ${await identity.signAccessToken(user.id)}` };
    return createBroker(policy)(new Request(get('/session/token'), { headers }), where);
  }

  test('the operator token is the one that the platform gives this call', async () => {
    platform.provide(variables());
    expect((await exchange(context)).status).toBe(503);
    vi.stubGlobal('netlifyIdentityContext', { url: 'https://evil.example', token: 'of another site' });
    expect((await exchange(context)).status).toBe(503);
    vi.stubGlobal('netlifyIdentityContext', { url: 'https://evil.example', token: identity.operatorToken });
    expect((await exchange(context)).status).toBe(200);
  });

  test('tokens say where they were minted, and open only that deploy context', async () => {
    platform.provide(variables());
    vi.stubGlobal('netlifyIdentityContext', { token: identity.operatorToken });
    for (const name of ['production', 'deploy-preview', 'staging']) {
      const { access_token: token } = (await (await exchange(inContext(name))).json()) as TokenResponse;
      expect(decodeJwt(token).deploy_context).toBe(name === 'staging' ? 'branch-deploy' : name);
      const headers = { authorization: `Bearer ${token}` };
      for (const other of ['production', 'deploy-preview', 'staging']) {
        const response = await createGate(policy)(new Request(get('/api/x'), { headers }), inContext(other));
        expect(response.status).toBe(other === name ? 200 : 401);
      }
    }
  });

  test('a line that is about no request in particular names the one that the platform is serving', () => {
    platform.provide(variables());
    logLine('circuit_opened');
    vi.stubGlobal('Netlify', { ...globalThis.Netlify, context: { requestId: '01HZX' } });
    logLine('circuit_opened');
    logLine('refused', { requestId: 'its own' });
    vi.stubGlobal('Netlify', { ...globalThis.Netlify, context: null });
    logLine('circuit_opened');
    expect(platform.lines.map((line) => JSON.parse(line).requestId)).toEqual([
      undefined,
      '01HZX',
      'its own',
      undefined,
    ]);
  });

  test('one line of JSON is logged for each event, without token or address', async () => {
    platform.provide(variables());
    const response = await createGate(policy)(get('/api/x'), { ...context, requestId: '01HZX' });
    expect(response.headers.get('x-request-id')).toBe('01HZX');
    expect(platform.lines.map((line) => JSON.parse(line))).toEqual([
      { daypass: 'refused', code: 'token_missing', status: 401, route: '/api/*', requestId: '01HZX' },
    ]);
  });
});

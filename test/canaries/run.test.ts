import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { commands, main } from '../../cli/main.ts';
import { createSession } from '../../client/index.ts';
import type { DevServer } from '../../dev/server/serveSite.ts';
import { root } from '../../scripts/bundle.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { createTestIo } from '../cli/support/testIo.ts';
import { newCanary } from '../support/canaries.ts';
import { type PlantedSite, plantSite } from './support/site.ts';

// Every secret of a site, and every token that comes to be, is planted; then the site is driven, in success and in each kind of
// failure. None of them may be found in what the site answered, wrote or built.

let planted: PlantedSite;
let site: DevServer;
beforeAll(async () => {
  planted = await plantSite();
  site = await planted.start();
});
afterAll(async () => {
  await planted?.close();
  // What came late.
  expect(planted.takeLeaks()).toEqual([]);
});

/** Calls the site, and looks at what it answered. A token that it issues is planted only then. */
async function call(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(site.url + path, { redirect: 'manual', ...init });
  const text = await response.text();
  const head = JSON.stringify([...response.headers]);
  // What Identity answers is not the product's, unless the guard refuses.
  if (!path.startsWith('/.netlify/identity') || response.headers.has('x-request-id')) {
    planted.inspect(`the answer to ${init.method ?? 'GET'} ${path.slice(0, 40)}`, head + text);
  }
  const body = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {};
  return { status: response.status, body };
}

const postForm = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  call(path, { method: 'POST', body: new URLSearchParams(fields), headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (name: string, key: string) => ({ authorization: `Basic ${btoa(`${name}:${key}`)}` });
const exchange = (token: string, type = jwtTokenType, more: Record<string, string> = {}) =>
  postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: type,
    ...more,
  });

async function signUp(email: string, proof = planted.issueProof()): Promise<number> {
  const password = planted.canaries.plant('password', newCanary());
  passwords.set(email, password);
  const body = JSON.stringify({ email, password, data: { daypass_proof: proof } });
  return (await call('/.netlify/identity/signup', { method: 'POST', body })).status;
}
const passwords = new Map<string, string>();
const send = fetch;
afterEach(() => vi.unstubAllGlobals());

/** How many passwords and tokens of others have been planted. */
let overheard = 0;

/** For what signs up or mints by itself: plants the passwords and tokens that it sends and gets. */
async function plantingFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const sent = `${request.headers.get('authorization')} ${request.headers.get('x-daypass')} ${await request.clone().text()}`;
  const answer = await send(request);
  const received = await answer.clone().text();
  const { canaries } = planted;
  for (const [, password = ''] of sent.matchAll(/"password":"([^"]+)"/g))
    canaries.plant('a password', password);
  for (const [, token = ''] of received.matchAll(/"refresh_token":"([^"]+)"/g))
    canaries.plant('a refresh token', token);
  for (const [token] of `${sent} ${received}`.matchAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]{43}\b/g)) {
    canaries.plantToken('a token', token);
    overheard += 1;
  }
  return answer;
}

async function logIn(email: string): Promise<string> {
  const fields = { grant_type: 'password', username: email, password: passwords.get(email) ?? '' };
  const { body } = await postForm('/.netlify/identity/token', fields);
  planted.canaries.plantToken('Identity token', body.access_token ?? '');
  return body.access_token ?? '';
}

/** An Identity token of a new throwaway user. */
async function identityToken(): Promise<string> {
  const email = `${crypto.randomUUID()}@visitor.invalid`;
  expect(await signUp(email)).toBe(200);
  return logIn(email);
}

async function accessToken(): Promise<string> {
  const { status, body } = await exchange(await identityToken(), jwtTokenType, { scope: 'read' });
  expect(status).toBe(200);
  return planted.canaries.plantToken('access token', body.access_token ?? '');
}

/** The same with its signature altered. */
const tampered = (token: string) => token.replace(/.{4}$/, 'AAAA');

test('success: from the sign-up to the sweep', async () => {
  const identity = await identityToken();
  const { body } = await exchange(identity);
  const token = planted.canaries.plantToken('access token', body.access_token ?? '');
  expect((await call('/api/hello', { headers: bearer(token) })).status).toBe(200);
  expect((await call('/api/hello', { headers: { 'x-daypass': token } })).status).toBe(200);
  expect((await call('/hello', { headers: bearer(token) })).status).toBe(200);
  const renewed = await exchange(token, accessTokenType);
  expect(renewed.status).toBe(200);
  const next = planted.canaries.plantToken('renewed token', renewed.body.access_token ?? '');
  const backend = basic('api', planted.introspectionSecret);
  expect((await postForm('/session/introspect', { token: next }, backend)).body.active).toBe(true);
  expect((await postForm('/session/revoke', { token: next })).status).toBe(200);
  await expect.poll(async () => (await call('/api/hello', { headers: bearer(next) })).status).toBe(401);
  const owner = { headers: bearer(planted.maintenanceBearer) };
  expect((await call('/session/stats', owner)).status).toBe(200);
  expect((await call('/session/sweep', { method: 'POST', ...owner })).status).toBe(200);
  for (const accept of ['application/json', 'text/html'])
    expect((await call('/session/status', { headers: { accept } })).status).toBe(200);
  for (const path of ['/session/challenge', '/.well-known/oauth-authorization-server', '/']) await call(path);
  expect(planted.takeLeaks()).toEqual([]);
});

describe('failures', () => {
  test('of tokens: tampered, used up, of a member, of another kind, sent twice', async () => {
    const identity = await identityToken();
    await exchange(tampered(identity));
    await call('/session/token', { headers: bearer(tampered(identity)) });
    const token = await accessToken();
    await exchange(identity);
    expect((await exchange(identity)).status).toBe(400);
    await signUp('ada@example.com');
    expect((await exchange(await logIn('ada@example.com'))).status).toBe(403);
    for (const wrong of [
      tampered(token),
      identity,
      `${token}.x`,
      token.slice(1),
      planted.maintenanceBearer,
    ]) {
      await call('/api/hello', { headers: bearer(wrong) });
      await call('/api/hello', { headers: { 'x-daypass': wrong } });
      await call('/hello', { headers: bearer(wrong) });
      await exchange(wrong, accessTokenType);
      await postForm('/session/introspect', { token: wrong }, basic('api', planted.introspectionSecret));
      await postForm('/session/revoke', { token: wrong });
    }
    expect((await call('/api/hello', { headers: { ...bearer(token), 'x-daypass': token } })).status).toBe(
      400,
    );
    expect((await call('/api/write', { headers: bearer(token) })).status).toBe(403);
    await call('/api/hello', { headers: { ...bearer(token), origin: 'https://elsewhere.example' } });
    await call('/api/hello', { headers: { ...bearer(token), 'sec-websocket-key': token } });
    expect(planted.takeLeaks()).toEqual([]);
  });

  test('of callers who put a secret where it does not belong', async () => {
    const token = await accessToken();
    const { DAYPASS_SECRET: secret = '', DAYPASS_PRIVATE_SECRET: privateSecret = '' } = planted.variables;
    for (const misplaced of [token, secret, privateSecret, planted.maintenanceBearer]) {
      const encoded = encodeURIComponent(misplaced);
      for (const path of [
        `/api/hello?access_token=${encoded}`,
        `/api/${encoded}`,
        `/api/a%2f${encoded}`,
        `/${encoded}`,
        `/session/${encoded}`,
      ])
        await call(path, { headers: bearer(token) });
      await call(`/session/token?subject_token=${encoded}`);
      for (const field of [
        'grant_type',
        'subject_token_type',
        'audience',
        'scope',
        'requested_token_type',
        'resource',
        'actor_token',
        misplaced,
      ])
        await exchange(token, accessTokenType, { [field]: misplaced });
      await call('/session/token', { headers: { authorization: `Basic ${misplaced}` } });
      await call('/session/token', { headers: { authorization: misplaced } });
      await call('/session/token', { method: 'POST', body: misplaced });
      await call('/session/token', { method: 'POST', body: 'x', headers: { 'content-type': misplaced } });
      await postForm('/session/introspect', { token }, basic(misplaced, 'api'));
      await postForm('/session/introspect', { token }, basic('api', misplaced));
      await postForm('/session/sweep', { cursor: misplaced }, bearer(planted.maintenanceBearer));
      await postForm('/session/sweep', { audience: misplaced }, bearer(planted.maintenanceBearer));
      await postForm('/session/sweep', { [misplaced]: '' }, bearer(planted.maintenanceBearer));
      await call('/session/stats', { headers: bearer(misplaced.slice(1)) });
      await call('/.netlify/identity/signup', {
        method: 'POST',
        body: '{}',
        headers: { 'x-jwt-aud': misplaced },
      });
      await signUp(`${crypto.randomUUID()}@visitor.invalid`, misplaced);
      const event = { 'x-netlify-event': 'identity_validate', 'x-webhook-signature': misplaced };
      await call('/identity/webhook', {
        method: 'POST',
        headers: event,
        body: JSON.stringify({ event: 'validate', user: { email: misplaced } }),
      });
    }
    expect(planted.takeLeaks()).toEqual([]);
  });

  test('of the page: what the client throws and reports', async () => {
    const token = await accessToken();
    const reported: unknown[] = [];
    vi.stubGlobal('fetch', plantingFetch);
    const at = (path: string) => site.url + path;
    const attempts = [
      { identityUrl: at('/.netlify/identity'), brokerUrl: at('/session') },
      {
        identityUrl: at('/.netlify/identity'),
        brokerUrl: at('/nowhere'),
        prove: async () => planted.issueProof(),
      },
      { identityUrl: at('/.netlify/identity'), brokerUrl: at('/session'), prove: async () => token },
      { identityUrl: at('/nowhere'), brokerUrl: at('/session') },
      { identityUrl: 'http://127.0.0.1:9/identity', brokerUrl: at('/session') },
      {
        identityUrl: at('/.netlify/identity'),
        brokerUrl: at('/session'),
        prove: () => Promise.reject(new Error('no widget')),
      },
    ];
    for (const options of attempts) {
      const session = createSession({ storage: null, ...options });
      session.on('error', (error) => reported.push(error));
      reported.push(await session.token().catch((error: unknown) => error));
    }
    const stored = JSON.stringify({ access_token: token, expires_in: 1 });
    const storage = { getItem: () => stored, setItem: () => undefined, removeItem: () => undefined };
    const session = createSession({ storage, brokerUrl: at('/nowhere') });
    session.on('error', (error) => reported.push(error));
    reported.push(await session.fetch(at('/api/hello')).catch((error: unknown) => error));
    expect(reported.length).toBeGreaterThan(attempts.length);
    expect(overheard).toBeGreaterThan(2);
    for (const each of reported)
      planted.inspect('an error of the client', inspect(each, { depth: 8 }) + JSON.stringify(each));
    expect(planted.takeLeaks()).toEqual([]);
  });

  test('of settings: each is named, by a site that does not run', async () => {
    const { variables } = planted;
    const url = (name: string) =>
      (variables[name] ?? '').replace(
        '://',
        `://${variables.DAYPASS_SECRET}:${variables.DAYPASS_PRIVATE_SECRET}@`,
      );
    const broken: Record<string, string>[] = [
      { DAYPASS_SECRET: variables.DAYPASS_SECRET?.slice(0, 30) ?? '' },
      { DAYPASS_PRIVATE_SECRET: variables.DAYPASS_SECRET ?? '' },
      { DAYPASS_SECRET_SECONDARY: variables.DAYPASS_SECRET ?? '' },
      { DAYPASS_SECRET: ` ${variables.DAYPASS_SECRET}\n` },
      { UPSTASH_REDIS_REST_TOKEN: `${variables.UPSTASH_REDIS_REST_TOKEN} x` },
      { UPSTASH_REDIS_REST_URL: variables.UPSTASH_REDIS_REST_TOKEN ?? '' },
      { UPSTASH_REDIS_REST_URL: url('UPSTASH_REDIS_REST_URL') },
      { DAYPASS_UPSTREAM: url('DAYPASS_UPSTREAM') },
      { DAYPASS_UPSTREAM: variables.DAYPASS_SECRET ?? '' },
      { IDENTITY_URL: url('IDENTITY_URL') },
      { DAYPASS_SESSIONS_NOT_BEFORE: variables.DAYPASS_SECRET ?? '' },
      { IDENTITY_OPERATOR_TOKEN: variables.DAYPASS_SECRET ?? '' },
      { IDENTITY_OPERATOR_TOKEN: `${variables.IDENTITY_OPERATOR_TOKEN}\n${variables.DAYPASS_SECRET}` },
      { IDENTITY_JWT_SECRET: variables.DAYPASS_SECRET ?? '' },
      { UPSTASH_REDIS_REST_TOKEN: variables.DAYPASS_SECRET ?? '' },
    ];
    const running = site;
    try {
      for (const changes of broken) {
        const started = await planted.start(changes).catch((error: unknown) => {
          planted.inspect('the error at the start', inspect(error, { depth: 8 }));
        });
        if (!started) continue;
        site = started;
        for (const accept of ['application/json', 'text/html'])
          await call('/session/status', { headers: { accept } });
        await exchange('x');
        await call('/api/hello');
        await call('/hello');
        await postForm('/session/revoke', { token: 'x' });
        await call('/session/stats', { headers: bearer(planted.maintenanceBearer) });
        await call('/session/sweep', { method: 'POST', headers: bearer(planted.maintenanceBearer) });
        await signUp(`${crypto.randomUUID()}@visitor.invalid`);
        await started.close();
      }
    } finally {
      site = running;
      planted.siteUrl = site.url;
    }
    expect(planted.takeLeaks()).toEqual([]);
  });
});

describe('the command line', () => {
  /** They print what they were asked for. */
  const printing = ['secret', 'token'];
  /** They serve, or write files into a project. */
  const elsewhere = ['dev', 'init'];

  test('says no secret and no token, in success and in failure', async () => {
    const token = await accessToken();
    // Doctor can pass no Turnstile.
    const open = await planted.start({}, 'withoutProof.config.ts');
    const webhook = `${site.url}/identity/webhook`;
    const owner = [site.url];
    /** By command: calls that are understood, whatever comes of them; and some that are not. */
    const calls: Record<string, { right: string[][]; wrong: string[][] }> = {
      policy: { right: [[], ['--json']], wrong: [[token]] },
      verify: { right: [[token], [tampered(token)], [token, '--json']], wrong: [['--secret', token]] },
      stats: {
        right: [owner, [...owner, '--json'], ['http://127.0.0.1:9']],
        wrong: [[token]],
      },
      sweep: {
        right: [owner, [...owner, '--json'], ['http://127.0.0.1:9']],
        wrong: [[token]],
      },
      doctor: {
        right: [
          [site.url],
          [open.url],
          [open.url, '--json'],
          [open.url, '--backend', planted.variables.DAYPASS_UPSTREAM ?? ''],
          ['http://127.0.0.1:9'],
        ],
        wrong: [[`http://x:${planted.variables.DAYPASS_SECRET}@:`]],
      },
      event: {
        right: [
          ['validate', '--url', webhook],
          ['login', '--url', webhook, '--json'],
        ],
        wrong: [[token]],
      },
    };
    const names = commands
      .map(({ name }) => name)
      .filter((name) => ![...printing, ...elsewhere].includes(name));
    expect(names.filter((name) => !(name in calls))).toEqual([]);
    const others = { ...planted.variables, DAYPASS_SECRET: newCanary(), DAYPASS_PRIVATE_SECRET: newCanary() };
    const before = overheard;
    for (const name of names) {
      const { right = [], wrong = [] } = calls[name] ?? {};
      for (const args of [...right, ...wrong]) {
        for (const env of [planted.variables, others]) {
          const io = createTestIo({ cwd: planted.root, env, now: () => Date.now(), fetch: plantingFetch });
          const code = await main([name, ...args], io);
          const place = `daypass ${[name, ...args.map((arg) => arg.slice(0, 20))].join(' ')}`;
          if (right.includes(args)) expect(code, place + io.error).not.toBe(64);
          planted.inspect(place, io.out + io.error);
        }
      }
    }
    expect(overheard).toBeGreaterThan(before);
    planted.siteUrl = site.url;
    expect(planted.takeLeaks()).toEqual([]);
  });
});

test('what is built holds none, although each was in the environment', async () => {
  const env = { ...process.env, ...planted.variables };
  await promisify(execFile)(process.execPath, ['scripts/build.ts'], { cwd: root, env });
  const built = globSync('dist/{*.js,site/**/*,npm/**/*,cli/**/*}', {
    cwd: root,
    withFileTypes: true,
  }).filter((entry) => entry.isFile());
  expect(built.length).toBeGreaterThan(100);
  for (const entry of built) {
    const path = join(entry.parentPath, entry.name);
    planted.inspect(path, readFileSync(path, 'utf8'));
  }
  expect(planted.takeLeaks()).toEqual([]);
});

test('outages: of Turnstile, the backend, Redis and Identity', async () => {
  const token = await accessToken();
  const identity = await identityToken();
  const everything = async () => {
    await signUp(`${crypto.randomUUID()}@visitor.invalid`, 'a-token-of-the-widget');
    await exchange(identity);
    await exchange(token, accessTokenType);
    await call('/api/hello', { headers: bearer(token) });
    await call('/hello', { headers: bearer(token) });
    await postForm('/session/revoke', { token });
    await postForm('/session/introspect', { token }, basic('api', planted.introspectionSecret));
    await call('/session/stats', { headers: bearer(planted.maintenanceBearer) });
    await call('/session/sweep', { method: 'POST', headers: bearer(planted.maintenanceBearer) });
    for (const accept of ['application/json', 'text/html'])
      await call('/session/status', { headers: { accept } });
  };
  for (const part of ['turnstile', 'upstream', 'redis', 'identity'] as const) {
    await planted.end(part);
    await everything();
  }
  expect(planted.logged).toContain('store_unavailable');
  expect(planted.logged).toContain('identity_unavailable');
  expect(planted.takeLeaks()).toEqual([]);
});

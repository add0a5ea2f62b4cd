import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDevIdentity } from '../../../dev/identity/start.ts';
import { identityPath } from '../../../src/protocol/wire.ts';
import { formOf, signUpOf } from '../../support/guardStack.ts';
import { command, useRedisBridge } from '../../support/redisParts.ts';
import { privateSecret, secret } from '../../support/tokens.ts';
import { type ServedSite, serveSite } from './fixtures/serveSite.ts';

const bridge = useRedisBridge();
const identity = createDevIdentity();
let site: ServedSite;

/** Serves the fixture with the dev identity behind its guard. */
function serve(environment: Record<string, string>): Promise<ServedSite> {
  return serveSite({
    site: 'guarded',
    environment,
    next: (request) => {
      const { pathname, search, origin } = new URL(request.url);
      return identity.fetch(new Request(origin + pathname.slice(identityPath.length) + search, request));
    },
  });
}
const call = (path: string, init: RequestInit = {}, address = '203.0.113.7') =>
  site.emulator.handle(new Request(site.origin + identityPath + path, init), address);

describe('a guard at the edge', () => {
  beforeAll(async () => {
    site = await serve({
      DAYPASS_SECRET: secret,
      DAYPASS_PRIVATE_SECRET: privateSecret,
      UPSTASH_REDIS_REST_URL: bridge().url,
      UPSTASH_REDIS_REST_TOKEN: bridge().token,
    });
  });
  afterAll(() => site.close());
  beforeEach(() => command(bridge(), 'FLUSHALL'));

  test('lets a member sign up, log in and ask, with the body whole', async () => {
    const data = { full_name: 'Ümit \ud83d\ude00', notes: 'x'.repeat(3000) };
    const signUp = await call('/signup', signUpOf('member@x.example', data));
    expect([signUp.status, (await signUp.json()).user_metadata]).toEqual([200, data]);
    const fields = {
      grant_type: 'password',
      username: 'member@x.example',
      password: 'correct-horse-battery',
    };
    const logIn = await call('/token', formOf(fields));
    expect(logIn.status).toBe(200);
    const headers = { authorization: `Bearer ${(await logIn.json()).access_token}` };
    const user = await call('/user', { headers });
    expect([user.status, (await user.json()).user_metadata]).toEqual([200, data]);
    const body = JSON.stringify({ data: { notes: 'y'.repeat(30_000) } });
    const update = await call('/user', { method: 'PUT', headers, body });
    expect((await update.json()).user_metadata.notes).toHaveLength(30_000);
  });

  test('hands on what Identity refuses, byte for byte', async () => {
    const body = new Uint8Array(32_768).fill(0xff);
    const init = { method: 'POST', body };
    const [there, here] = await Promise.all([
      identity.fetch(new Request(`${site.origin}/signup`, init)),
      call('/signup', init),
    ]);
    expect([here.status, await here.text()]).toEqual([there.status, await there.text()]);
    const preflight = { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' };
    const allowed = await call('/token', { method: 'OPTIONS', headers: preflight });
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });

  test('refuses other audiences, large bodies, and who comes too often', async () => {
    const users = identity.users.count();
    const outcomes: Record<string, unknown> = {};
    const outcome = async (what: string, path: string, init: RequestInit) => {
      const answer = await call(path, init, '203.0.113.8');
      const { error_code, code } = await answer.json();
      outcomes[what] = [answer.status, error_code ?? code];
      return answer;
    };
    const signUp = signUpOf('stranger@visitor.invalid');
    await outcome('audience', '/signup', { ...signUp, headers: { 'x-jwt-aud': 'other' } });
    expect(await command(bridge(), 'KEYS', '*')).toEqual([]);
    await outcome('large', '/token', { method: 'POST', body: 'x'.repeat(1_000_000) });
    expect(identity.users.count()).toBe(users);
    // A module of the edge is fresh for each call, and Redis has no more than 300 ms for it: one or two may be late.
    let last = await outcome('often', '/token', { method: 'POST' });
    for (let calls = 0; calls < 10 && last.status !== 429; calls += 1) {
      last = await outcome('often', '/token', { method: 'POST' });
    }
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(outcomes).toEqual({
      audience: [403, 'audience_refused'],
      large: [400, 'body_too_large'],
      often: [429, 'rate_limited'],
    });
  });
});

describe('a guard of a site without its variables', () => {
  beforeAll(async () => {
    site = await serve({});
  });
  afterAll(() => site.close());

  test('keeps nobody out', async () => {
    for (let calls = 0; calls < 5; calls += 1) {
      expect((await call('/signup', signUpOf(`member${calls}@x.example`))).status).toBe(200);
    }
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { handEvent } from '../../dev/server/events.ts';
import { createIdentityFunction } from '../../src/netlify/createIdentityFunction.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { usePlatform } from '../support/platform.ts';
import { command, keysForEver } from '../support/redisParts.ts';
import { solveChallenge } from '../support/solveChallenge.ts';
import { privateSecret, secret } from '../support/tokens.ts';

// The broker, the event function, Identity and Redis of one site, with admission on.

const password = 'correct-horse-battery';
const work = { difficulty: 6, maxDifficulty: 20, baselinePerMinute: 1000 };
const platform = usePlatform();

async function startSite(admission: PolicyInput['admission'], limits: PolicyInput['limits'] = {}) {
  const policy = { ...(admission && { admission }), limits };
  const functions = createIdentityFunction(definePolicy(policy));
  const target = (request: Request) => handEvent(functions, request);
  const stack = await startBrokerStack({ policy, identity: { events: { target, names: ['validate'] } } });
  return stack;
}

let stack: BrokerStack;
beforeAll(async () => {
  stack = await startSite({ proof: 'proof-of-work', proofOfWork: work });
});
beforeEach(() => {
  platform.provide({
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: stack.redis.url,
    UPSTASH_REDIS_REST_TOKEN: stack.redis.token,
  });
});
afterEach(() => {
  stack.redis.setFault(undefined);
});
afterAll(() => stack.close());

const newEmail = () => `${crypto.randomUUID()}@visitor.invalid`;
const challenge = async () => (await (await stack.request('/session/challenge')).json()) as ChallengeResponse;
const solved = async () => (await solveChallenge(await challenge())).proof;
const rowOf = (email: string) => stack.identity.users.list().find((row) => row.email === email);

async function signUp(email: string, data: Record<string, unknown> = {}): Promise<[number, unknown]> {
  const body = JSON.stringify({ email, password, data });
  const response = await fetch(`${stack.identity.url}/signup`, { method: 'POST', body });
  const answer = (await response.json()) as { msg?: string };
  return [response.status, answer.msg];
}

async function logIn(email: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', username: email, password });
  const response = await fetch(`${stack.identity.url}/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

const refused = [422, 'Failed to handle signup webhook'];

describe('a sign-up', () => {
  test('with a solved proof makes one marked user, which is exchanged and gone', async () => {
    const email = newEmail();
    expect(await signUp(email, { daypass_proof: await solved(), color: 'blue' })).toEqual([200, undefined]);
    expect(rowOf(email)).toMatchObject({
      appMetadata: { provider: 'email', roles: ['anonymous'] },
      userMetadata: { color: 'blue' },
    });
    expect(rowOf(email)?.userMetadata).not.toHaveProperty('daypass_proof');
    expect((await stack.exchange(await logIn(email))).status).toBe(200);
    expect(rowOf(email)).toBeUndefined();
  });

  test('without a proof, with a wrong one, or with one that was used leaves no row', async () => {
    const proof = await solved();
    const first = newEmail();
    expect((await signUp(first, { daypass_proof: proof }))[0]).toBe(200);
    const before = stack.identity.users.count();
    for (const data of [{}, { daypass_proof: 'x' }, { daypass_proof: proof }, { DAYPASS_PROOF: proof }]) {
      expect(await signUp(newEmail(), data)).toEqual(refused);
    }
    expect(stack.identity.users.count()).toBe(before);
    const codes = platform.lines.map((line) => JSON.parse(line).code);
    // Identity asks three times before it believes a denial.
    const thrice = (code: string) => Array(3).fill(code);
    expect(codes).toEqual(
      ['proof_missing', 'proof_malformed', 'proof_used', 'proof_missing'].flatMap(thrice),
    );
  });

  test('while Redis is away leaves no row, and its proof holds afterwards', async () => {
    const [email, proof] = [newEmail(), await solved()];
    stack.redis.setFault({ kind: 'bad-gateway' });
    expect(await signUp(email, { daypass_proof: proof })).toEqual(refused);
    expect(rowOf(email)).toBeUndefined();
    stack.redis.setFault(undefined);
    expect((await signUp(email, { daypass_proof: proof }))[0]).toBe(200);
  });

  test('of a member goes its way', async () => {
    expect((await signUp('member@example.com', { daypass_proof: 'x', a: 1 }))[0]).toBe(200);
    expect(rowOf('member@example.com')).toMatchObject({
      appMetadata: { provider: 'email' },
      userMetadata: { daypass_proof: 'x', a: 1 },
    });
    expect(rowOf('member@example.com')?.appMetadata).not.toHaveProperty('roles');
  });

  test('leaves nothing in Redis for ever, nor any e-mail, proof or id', async () => {
    const [email, proof] = [newEmail(), await solved()];
    await signUp(email, { daypass_proof: proof });
    expect(await keysForEver(stack.redis)).toEqual([]);
    const keys = (await command(stack.redis, 'KEYS', '*')) as string[];
    expect(keys.some((key) => key.startsWith('daypass:proof:'))).toBe(true);
    expect(keys.join()).not.toContain(rowOf(email)?.id);
  });
});

describe('the exchange', () => {
  test('refuses an unmarked user without changing it, and hints in the log at what may be missing', async () => {
    const { id, email } = stack.identity.users.plant({ email: newEmail() });
    stack.logged.length = 0;
    const response = await stack.exchange(await stack.identity.signAccessToken(id));
    expect(await outcome(response)).toBe('403 not_throwaway');
    expect(rowOf(email)).toBeDefined();
    expect(stack.logged).toHaveLength(1);
    expect(stack.logged[0]).toContain('is netlify/functions/identity.ts deployed');
    expect(stack.logged[0]).not.toContain(email);
  });

  test('of a member gives no such hint', async () => {
    const { id } = stack.identity.users.plant({ email: 'other@example.com' });
    stack.logged.length = 0;
    const response = await stack.exchange(await stack.identity.signAccessToken(id));
    expect(await outcome(response)).toBe('403 not_throwaway');
    expect(stack.logged.map((line) => JSON.parse(line))).toEqual([
      {
        event: 'refused',
        code: 'not_throwaway',
        status: 403,
        route: '/session/token',
        requestId: expect.any(String),
      },
    ]);
  });
});

describe('GET /session/challenge', () => {
  test('gives a new challenge each time, for no cache', async () => {
    const response = await stack.request('/session/challenge');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const answer = (await response.json()) as ChallengeResponse;
    expect(answer).toMatchObject({ proof: 'proof-of-work', expires_in: 300, max_tries: 11 });
    expect(await challenge()).not.toEqual(answer);
  });

  test('HEAD is answered without a body', async () => {
    const response = await stack.request('/session/challenge', { method: 'HEAD' });
    expect([response.status, response.body]).toEqual([200, null]);
  });

  test('is for pages of this site', async () => {
    const headers = { origin: 'https://evil.example' };
    expect(await outcome(await stack.request('/session/challenge', { headers }))).toBe('403 foreign_origin');
  });

  test('is 503 while Redis is away', async () => {
    stack.redis.setFault({ kind: 'bad-gateway' });
    expect(await outcome(await stack.request('/session/challenge'))).toBe('503 store_unavailable');
  });

  test('is limited by address', async () => {
    const limited = await startSite({}, { challenge: { limit: 2, windowSeconds: 3600 } });
    const ask = (address: string) => limited.request('/session/challenge', {}, address);
    const outcomes = [];
    for (let round = 0; round < 3; round += 1) outcomes.push(await outcome(await ask('192.0.2.1')));
    expect(outcomes).toEqual(['200', '200', '429 rate_limited']);
    expect(await (await ask('192.0.2.2')).json()).toEqual({ proof: 'none' });
    await limited.close();
  });

  test('without admission there is no challenge to solve', async () => {
    const open = await startSite(undefined);
    expect(await (await open.request('/session/challenge')).json()).toEqual({ proof: 'none' });
    await open.close();
  });
});

describe('the metadata', () => {
  const metadata = async (of: BrokerStack) =>
    (await (await of.request('/.well-known/oauth-authorization-server')).json()) as Record<string, unknown>;

  test('name the proof, and how hard it is now', async () => {
    expect((await metadata(stack)).daypass_admission).toEqual({
      proof: 'proof-of-work',
      challenge_endpoint: `${siteUrl}/session/challenge`,
      difficulty: 6,
      max_difficulty: 20,
    });
  });

  test('answer while Redis is away', async () => {
    const fresh = await startSite({ proof: 'proof-of-work' });
    fresh.redis.setFault({ kind: 'bad-gateway' });
    expect((await metadata(fresh)).daypass_admission).toEqual({
      proof: 'proof-of-work',
      challenge_endpoint: `${siteUrl}/session/challenge`,
      max_difficulty: 16_000,
    });
    await fresh.close();
  });

  test('say nothing of proofs on a site without admission', async () => {
    const open = await startSite(undefined);
    expect(await metadata(open)).not.toHaveProperty('daypass_admission');
    await open.close();
  });
});

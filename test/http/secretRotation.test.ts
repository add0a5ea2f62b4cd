import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { accessTokenType, type TokenResponse, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { closeBridge, command } from '../support/redisParts.ts';
import { goodClaims, goodHeader, issuer, otherSecret, secret, sign } from '../support/tokens.ts';

// The two recipes of docs/operations.md, as their tables say: each step is a deploy of broker and gate.

const next = 'p4VtN7xKq2bZ9mR6wH1cJ8yF3gL5sD0a-next';
const start = Date.parse('2026-11-28T16:00:00Z');
const leakedAt = start + 120_000;
const ofLeak = new Date(leakedAt).toISOString();
const values: Record<string, string> = { old: secret, leaked: secret, new: next, now: ofLeak };

const operations = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');

/** The steps of a recipe: the variables that each sets. */
function stepsOf(heading: string): Record<string, string>[] {
  const section = operations.split(`\n### ${heading}\n`)[1]?.split('\n#')[0] ?? '';
  const rows = [...section.matchAll(/^\|(.*)\|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
  const names = rows[0]?.map((cell) => /^`(DAYPASS_\w+)`$/.exec(cell)?.[1]);
  return rows.slice(2).map((cells) => {
    const set = cells.flatMap((cell, column) => {
      const name = names?.[column];
      return name && cell ? [[name, values[cell] as string]] : [];
    });
    return Object.fromEntries(set);
  });
}
const seconds = () => Math.floor(Date.now() / 1000);

let redis: DevRedis;
beforeAll(async () => {
  redis = await startDevRedis({ backend: 'memory' });
});
afterAll(() => closeBridge(redis));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
});

interface Deploy {
  broker: BrokerStack;
  gate: GateStack;
}
let deploys: Deploy[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const { broker, gate } of deploys) await Promise.all([broker.close(), gate.close()]);
  deploys = [];
});

const policy = {
  audiences: {
    api: {
      secret: 'DAYPASS_SECRET',
      secondarySecret: 'DAYPASS_SECRET_SECONDARY',
      scopes: ['read', 'write'],
    },
  },
};

async function deploy(variables: Record<string, string> = {}): Promise<Deploy> {
  const broker = await startBrokerStack({ policy, redis, variables, now: seconds });
  // Waits out a busy machine.
  broker.broker.identityBudgetMilliseconds = 20_000;
  const gate = await startGateStack({ policy, redis, variables });
  deploys.push({ broker, gate });
  return { broker, gate };
}

/** The token of an answer that must hold one. */
async function tokenOf(response: Response): Promise<string> {
  expect(await outcome(response.clone())).toBe('200');
  return ((await response.json()) as TokenResponse).access_token;
}
const begin = async ({ broker }: Deploy) => tokenOf(await broker.exchange(await broker.identityToken()));
const renew = ({ broker }: Deploy, token: string) =>
  broker.postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
  });
const renewed = async (at: Deploy, token: string) => tokenOf(await renew(at, token));
const call = async ({ gate }: Deploy, token: string) => outcome(await gate.call('/api/x', { token }));
const keyIdOf = async (key: string) => (await createKeyRing({ audience: 'api', secret: key })).primary.id;

const planned = stepsOf('A planned rotation');
const leak = stepsOf('A leaked secret');

test('the recipes are those that are meant', () => {
  expect(planned).toEqual([
    { DAYPASS_SECRET: secret },
    { DAYPASS_SECRET: secret, DAYPASS_SECRET_SECONDARY: next },
    { DAYPASS_SECRET: next, DAYPASS_SECRET_SECONDARY: secret },
    { DAYPASS_SECRET: next },
  ]);
  expect(leak).toEqual([
    { DAYPASS_SECRET: secret },
    { DAYPASS_SECRET: next, DAYPASS_SESSIONS_NOT_BEFORE: ofLeak },
  ]);
});

test('a planned rotation: no caller is refused, also while instances of two steps answer at once', async () => {
  const before = await deploy(planned[0]);
  let awake = await begin(before);
  const asleep = await begin(before);

  const added = await deploy(planned[1]);
  for (const at of [before, added]) expect(await call(at, awake)).toBe('200');

  const swapped = await deploy(planned[2]);
  expect(await call(swapped, awake)).toBe('200');
  vi.setSystemTime(start + 240_000);
  awake = await renewed(swapped, awake);
  expect(decodeProtectedHeader(awake).kid).toBe(await keyIdOf(next));
  for (const at of [added, swapped]) expect(await call(at, awake)).toBe('200');
  // The last second in which a token of the old secret can be renewed.
  vi.setSystemTime(start + (300 + 3600 + 29) * 1000);
  const woken = await renewed(swapped, asleep);

  vi.setSystemTime(start + 66 * 60_000);
  const removed = await deploy(planned[3]);
  for (const at of [swapped, removed]) expect(await call(at, woken)).toBe('200');
  for (const token of [awake, woken]) expect(await outcome(await renew(removed, token))).toBe('200');
  expect(await call(removed, await before.gate.mint())).toBe('401 token_key');
});

/** What somebody makes who has the old secret: forged sessions, and one session of their own with more in it. */
async function forgeWith(key: string, own: string): Promise<Record<string, string>> {
  const now = seconds();
  const header = { ...goodHeader, kid: await keyIdOf(key) };
  const claims = { ...goodClaims, iss: issuer, iat: now, exp: now + 3600, auth_time: now };
  const make = (changes: object) => sign(header, { ...claims, ...changes }, key);
  return {
    'a session that nobody began': await make({}),
    'one that lasts for ever': await make({ auth_time: now + 3_155_760_000 }),
    'one with a TTL of 2^53 seconds': await make({ auth_time: Number.MAX_SAFE_INTEGER }),
    'one that does not say when it began': await make({ auth_time: undefined }),
    'one with an invented sid': await make({ sid: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    'their own session, with a wider scope': await make({ ...decodeJwt(own), scope: 'read write' }),
  };
}

test('a leaked secret: tokens forged with it get nothing, from the deploy of the recipe on', async () => {
  const before = await deploy(leak[0]);
  const own = await begin(before);
  vi.setSystemTime(start + 60_000);
  // Before the leak is known: the gate shares the secret and is fooled; the broker is not, but for their own session.
  const forged = await forgeWith(secret, own);
  for (const [name, token] of Object.entries(forged)) {
    const isOwn = name.startsWith('their own');
    if (!isOwn) expect([name, (await renew(before, token)).status]).toEqual([name, 400]);
  }
  // A genuine token of the new scope, which they got while the secret held.
  const widened = await renewed(before, forged['their own session, with a wider scope'] as string);

  vi.setSystemTime(leakedAt);
  const after = await deploy(leak[1]);
  const keys = await command(redis, 'KEYS', 'daypass:revoked:*');
  const tokens = { ...forged, ...(await forgeWith(secret, own)), widened, own };
  for (const [name, token] of Object.entries(tokens)) {
    expect([name, await call(after, token)]).toEqual([name, '401 token_key']);
    expect([name, await outcome(await renew(after, token))]).toEqual([name, '400 token_key']);
    expect((await after.broker.postForm('/session/revoke', { token })).status).toBe(200);
  }
  expect(await command(redis, 'KEYS', 'daypass:revoked:*')).toEqual(keys);

  // Visitors begin anew and are well.
  const fresh = await begin(after);
  expect(await call(after, fresh)).toBe('200');
  expect(await outcome(await renew(after, fresh))).toBe('200');
});

test('a leak during a rotation: sessions that the old secret handed to the new one end as well', async () => {
  const during = await deploy({ DAYPASS_SECRET: next, DAYPASS_SECRET_SECONDARY: secret });
  const own = await begin(await deploy({ DAYPASS_SECRET: secret }));
  const forged = await forgeWith(secret, own);
  const ofNewSecret = await renewed(during, forged['their own session, with a wider scope'] as string);
  expect(decodeProtectedHeader(ofNewSecret).kid).toBe(await keyIdOf(next));

  vi.setSystemTime(leakedAt);
  const after = await deploy(leak[1]);
  expect(await call(after, ofNewSecret)).toBe('401 session_ended');
  const refused = await after.gate.call('/api/x', { token: ofNewSecret });
  expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect(await outcome(await renew(after, ofNewSecret))).toBe('400 session_ended');
  const introspectionSecret = await after.broker.broker.privateKeys.introspectionSecret('api');
  const authorization = `Basic ${btoa(`api:${introspectionSecret}`)}`;
  const introspected = await after.broker.postForm(
    '/session/introspect',
    { token: ofNewSecret },
    { authorization },
  );
  expect(await introspected.json()).toEqual({ active: false });
  const fresh = await begin(after);
  expect(await call(after, fresh)).toBe('200');
});

test('a leaked private secret: nothing of before is renewed, and revoked sessions end with all the others', async () => {
  const before = await deploy({ DAYPASS_SECRET: secret });
  const [token, revoked] = [await begin(before), await begin(before)];
  expect((await before.broker.postForm('/session/revoke', { token: revoked })).status).toBe(200);
  expect(await call(before, revoked)).toBe('401 token_revoked');

  vi.setSystemTime(leakedAt);
  const replaced = { DAYPASS_SECRET: secret, DAYPASS_PRIVATE_SECRET: otherSecret };
  const halfway = await deploy(replaced);
  expect(await outcome(await renew(halfway, token))).toBe('400 session_unknown');
  // Why the recipe sets both: the mark stands under a name that nobody finds any more.
  expect(await call(halfway, revoked)).toBe('200');

  const after = await deploy({ ...replaced, DAYPASS_SESSIONS_NOT_BEFORE: ofLeak });
  for (const each of [token, revoked]) expect(await call(after, each)).toBe('401 session_ended');
  const fresh = await begin(after);
  expect(await call(after, fresh)).toBe('200');
  expect(await outcome(await renew(after, fresh))).toBe('200');
});

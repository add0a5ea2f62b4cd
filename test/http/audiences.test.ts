import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessTokenType, type TokenResponse, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { createVerifier } from '../../src/token/createVerifier.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { newSubject } from '../../src/token/mint.ts';
import { type BrokerStack, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { issuer, otherSecret, secret, sign } from '../support/tokens.ts';

// HS256: each backend could forge whatever its key opens. Two backends share one site; a token is taken nowhere unless
// the key that signed it, the key that it names and the audience that it claims are all the same backend's.

const secrets = { api: secret, admin: otherSecret };
type Audience = keyof typeof secrets;
const audiences: readonly Audience[] = ['api', 'admin'];

let broker: BrokerStack;
let gate: GateStack;
beforeAll(async () => {
  broker = await startBrokerStack();
  gate = await startGateStack({
    redis: broker.redis,
    policy: {
      routes: [
        { path: '/api/*', audience: 'api' },
        { path: '/admin/*', audience: 'admin' },
      ],
    },
  });
});
afterAll(async () => {
  await gate.close();
  await broker.close();
});

interface Forgery {
  /** Whose secret signed it. */
  signer: Audience;
  /** Whose key its `kid` names. */
  named: Audience;
  /** What its `aud` says. */
  claimed: unknown;
}

const claims: readonly unknown[] = [
  'api',
  'admin',
  ['api', 'admin'],
  ['admin', 'api'],
  ['api'],
  undefined,
  '',
  '*',
];
const forgeries: readonly Forgery[] = audiences.flatMap((signer) =>
  audiences.flatMap((named) => claims.map((claimed) => ({ signer, named, claimed }))),
);
const isHonest = ({ signer, named, claimed }: Forgery) => signer === named && named === claimed;

/** With the right `sid`, which the forger may have seen in a token of that session, or without one. */
async function forge({ signer, named, claimed }: Forgery, sid: 'sid' | 'no sid' = 'sid'): Promise<string> {
  const { primary } = await createKeyRing({ audience: named, secret: secrets[named] });
  const now = Math.floor(Date.now() / 1000);
  const subject = newSubject();
  const session = { subject, audience: claimed as string, startedAt: now };
  const content = {
    ...(sid === 'sid' && { sid: await broker.broker.privateKeys.sessionId(session) }),
    iss: issuer,
    sub: subject,
    aud: claimed,
    iat: now,
    exp: now + 300,
    jti: 'AAAAAAAAAAAAAAAAAAAAAA',
    auth_time: now,
    scope: '',
    deploy_context: 'production',
  };
  return sign({ alg: 'HS256', typ: 'JWT', kid: primary.id }, content, secrets[signer]);
}

const renew = (token: string, fields: Record<string, string> = {}) =>
  broker.postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
    ...fields,
  });

async function introspect(token: string, asker: Audience): Promise<boolean> {
  const introspectionSecret = await broker.broker.privateKeys.introspectionSecret(asker);
  const authorization = `Basic ${btoa(`${asker}:${introspectionSecret}`)}`;
  const answer = await broker.postForm('/session/introspect', { token }, { authorization });
  return ((await answer.json()) as { active: boolean }).active;
}

const holds = (call: Promise<unknown>) =>
  call.then(
    () => true,
    () => false,
  );

describe.each(forgeries)('signed by $signer, kid of $named, aud $claimed', (forgery) => {
  test.each(audiences)('at the door of %s', async (door) => {
    const token = await forge(forgery);
    const welcome = isHonest(forgery) && forgery.claimed === door;
    expect((await gate.call(`/${door}/x`, { token })).status).toBe(welcome ? 200 : 401);
    const verify = createVerifier({ secret: secrets[door], issuer, audience: door });
    expect(await holds(verify(token))).toBe(welcome);
    expect(await introspect(token, door)).toBe(welcome);
    const renewed = await renew(token, { audience: door });
    expect(renewed.status).toBe(welcome ? 200 : 400);
  });

  test('renewal without a wish', async () => {
    const response = await renew(await forge(forgery));
    expect(response.status).toBe(isHonest(forgery) ? 200 : 400);
    const { access_token } = (await response.json()) as Partial<TokenResponse>;
    if (access_token !== undefined) expect(decodeJwt(access_token).aud).toBe(forgery.claimed);
  });

  test('without sid, the broker does nothing for it', async () => {
    const token = await forge(forgery, 'no sid');
    expect(await introspect(token, forgery.named)).toBe(false);
    expect((await renew(token)).status).toBe(400);
    expect((await broker.postForm('/session/revoke', { token })).status).toBe(200);
    const session = await broker.broker.privateKeys.hashIdentifier(decodeJwt(token).sub ?? '');
    expect(await broker.broker.revocations.isRevoked(session)).toBe(false);
  });

  test('revocation ends no session that the signer may not end', async () => {
    const token = await forge(forgery);
    const subject = decodeJwt(token).sub ?? '';
    expect((await broker.postForm('/session/revoke', { token })).status).toBe(200);
    const session = await broker.broker.privateKeys.hashIdentifier(subject);
    expect(await broker.broker.revocations.isRevoked(session)).toBe(isHonest(forgery));
  });
});

test.each(audiences)('what is minted for %s opens only %s', async (audience) => {
  const minted = await broker.exchange(await broker.identityToken(), { audience });
  const { access_token: token } = (await minted.json()) as TokenResponse;
  for (const door of audiences) {
    const verify = createVerifier({ secret: secrets[door], issuer, audience: door });
    expect(await holds(verify(token))).toBe(door === audience);
    expect((await gate.call(`/${door}/x`, { token })).status).toBe(door === audience ? 200 : 401);
  }
});

test('a verifier with the right name and the wrong key, or the other way round, takes nothing', async () => {
  const token = await forge({ signer: 'api', named: 'api', claimed: 'api' });
  for (const options of [
    { secret: otherSecret, audience: 'api' },
    { secret, audience: 'admin' },
  ]) {
    expect(await holds(createVerifier({ issuer, ...options })(token))).toBe(false);
  }
});

test("a backend's introspection secret is its own", async () => {
  const token = await forge({ signer: 'api', named: 'api', claimed: 'api' });
  const introspectionSecret = await broker.broker.privateKeys.introspectionSecret('admin');
  const authorization = `Basic ${btoa(`api:${introspectionSecret}`)}`;
  const answer = await broker.postForm('/session/introspect', { token }, { authorization });
  expect(answer.status).toBe(401);
});

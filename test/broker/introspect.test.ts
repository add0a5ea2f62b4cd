import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IntrospectionResponse, TokenResponse } from '../../src/protocol/messages.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { goodClaims, goodHeader, sign } from '../support/tokens.ts';

let stack: BrokerStack;
let token: string;
beforeAll(async () => {
  stack = await startBrokerStack();
  token = ((await (await stack.exchange(await stack.identityToken())).json()) as TokenResponse).access_token;
});
afterAll(() => stack.close());

const basic = (name: string, secret: string) => ({ authorization: `Basic ${btoa(`${name}:${secret}`)}` });
const as = async (audience: string) =>
  basic(audience, await stack.broker.privateKeys.introspectionSecret(audience));
const introspect = (headers: Record<string, string>, fields: Record<string, string> = { token }) =>
  stack.postForm('/session/introspect', fields, headers);

test('reports to a backend what a token says', async () => {
  const answer = (await (await introspect(await as('api'))).json()) as IntrospectionResponse;
  expect(answer).toMatchObject({
    active: true,
    token_type: 'Bearer',
    iss: siteUrl,
    aud: 'api',
    scope: 'read write',
    deploy_context: 'production',
    sub: expect.stringMatching(/^anon_/),
  });
});

test('reports nothing of tokens for others, forged ones and revoked ones', async () => {
  expect(await (await introspect(await as('admin'))).json()).toEqual({ active: false });
  expect(await (await introspect(await as('api'), { token: `${token.slice(0, -4)}AAAA` })).json()).toEqual({
    active: false,
  });
  const ended = ((await (await stack.exchange(await stack.identityToken())).json()) as TokenResponse)
    .access_token;
  await stack.postForm('/session/revoke', { token: ended });
  expect(await (await introspect(await as('api'), { token: ended })).json()).toEqual({ active: false });
});

test('a session that was not begun here is not active, whoever signed it', async () => {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { ...goodClaims, iss: siteUrl, iat, exp: iat + 300, auth_time: iat };
  const { sessionId } = stack.broker.privateKeys;
  const sid = await sessionId({ subject: claims.sub, audience: 'api', startedAt: iat });
  const isActive = async (changes: object) => {
    const forged = await sign(goodHeader, { ...claims, ...changes });
    const answer = await (await introspect(await as('api'), { token: forged })).json();
    return (answer as IntrospectionResponse).active;
  };
  expect(await isActive({ sid })).toBe(true);
  expect(await isActive({})).toBe(false);
  expect(await isActive({ sid: 'AAAAAAAAAAAAAAAAAAAAAA' })).toBe(false);
});

test('name and secret are form-encoded before they are joined', async () => {
  const { authorization } = await as('api');
  const [, secret = ''] = atob(authorization.slice(6)).split(':');
  expect((await introspect(basic('%61pi', encodeURIComponent(secret)))).status).toBe(200);
});

test.each([
  ['nothing', {}],
  ['a Bearer', { authorization: 'Bearer abc' }],
  ['a wrong secret', basic('api', 'wrong')],
  ['an unknown audience', basic('nobody', 'wrong')],
  ['no colon', { authorization: `Basic ${btoa('api')}` }],
  ['two colons', { authorization: `Basic ${btoa('api:a:b')}` }],
  ['broken encoding', basic('%zz', 'x')],
  ['no base64', { authorization: 'Basic ===' }],
])('refuses %s', async (_, headers) => {
  const response = await introspect(headers as Record<string, string>);
  expect(response.headers.get('www-authenticate')).toBe('Basic realm="daypass", charset="UTF-8"');
  expect(await outcome(response)).toBe('401 invalid_client');
});

test("one audience's secret does not open another's", async () => {
  const { authorization } = await as('api');
  const secret = atob(authorization.slice(6)).split(':')[1] as string;
  expect(await outcome(await introspect(basic('admin', secret)))).toBe('401 invalid_client');
});

test('a missing token is said', async () => {
  expect(await outcome(await introspect(await as('api'), { other: 'x' }))).toBe('400 missing_parameter');
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorPage } from '../../src/protocol/codes.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';

const partner = 'https://partner.example';
let stack: BrokerStack;
beforeAll(async () => {
  stack = await startBrokerStack({ policy: { origins: [partner] } });
});
afterAll(() => stack.close());

const allowed: Record<string, readonly string[]> = {
  '/session/token': ['GET', 'POST'],
  '/session/revoke': ['POST'],
  '/session/introspect': ['POST'],
  '/session/status': ['GET', 'HEAD'],
  '/session/challenge': ['GET', 'HEAD'],
  '/session/sweep': ['POST'],
  '/.well-known/oauth-authorization-server': ['GET', 'HEAD'],
};
const paths = Object.keys(allowed);
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'OPTIONS', 'get-it'];

describe('methods', () => {
  const pairs = paths.flatMap((path) => methods.map((method) => [method, path] as const));
  const wrong = pairs.filter(([method, path]) => !allowed[path]?.includes(method));
  test.each(wrong)('%s %s is 405 and names those that are allowed', async (method, path) => {
    const response = await stack.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed[path]?.join(', '));
    expect(response.headers.get('cache-control')).toBe('no-store');
    if (method !== 'HEAD') expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
  });
});

describe('addresses', () => {
  test.each([
    '/',
    '/session',
    '/session/',
    '/session/token/',
    '/session/tokens',
    '/session/%74oken/x',
    '/x%ff',
  ])('%s is 404 as a problem', async (path) => {
    const response = await stack.request(path);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await outcome(response)).toBe('404 not_found');
  });
});

describe('refusals', () => {
  test('of the token endpoint are those of RFC 6749', async () => {
    const response = await stack.postForm('/session/token', { audience: 'api' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: 'grant_type is missing.',
      error_uri: errorPage('missing_parameter'),
      code: 'missing_parameter',
    });
  });

  test('of other addresses are problems of RFC 9457', async () => {
    const response = await stack.postForm('/session/revoke', {});
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: errorPage('missing_parameter'),
      title: 'Bad Request',
      status: 400,
      detail: 'token is missing.',
      code: 'missing_parameter',
    });
  });

  test('no token: 401 without an error code, and a body that says what to send', async () => {
    for (const method of ['GET', 'POST']) {
      const response = await stack.request('/session/token', { method });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
      expect(await response.json()).toMatchObject({
        code: 'token_missing',
        error_description: expect.stringContaining('Authorization: Bearer'),
      });
    }
  });

  test('nonsense as Bearer: 401 with the reason', async () => {
    const response = await stack.request('/session/token', { headers: { authorization: 'Bearer nonsense' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="daypass", error="invalid_token", error_description="The Identity token is not a JWT/,
    );
    expect(await response.json()).toMatchObject({ error: 'invalid_token', code: 'subject_token_malformed' });
  });

  test('a fault of the form has no challenge, also with a Bearer next to it', async () => {
    const response = await stack.postForm('/session/token', { a: '1' }, { authorization: 'Bearer a.b.c' });
    expect(response.status).toBe(400);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });
});

describe('origins', () => {
  const preflight = (path: string, origin: string) =>
    stack.request(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  test.each(paths)('a page on the list may ask and read %s', async (path) => {
    const asked = await preflight(path, partner);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(partner);
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    expect(asked.headers.get('cache-control')).toBe('no-store');
    const { headers } = await stack.request(path, { headers: { origin: partner } });
    expect(headers.get('access-control-allow-origin')).toBe(partner);
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual([
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
      'X-Request-Id',
    ]);
  });

  test.each(['https://evil.example', 'null', 'http://site.example', 'https://site.example.evil.example'])(
    '%s gets neither token nor revocation, and may read nothing',
    async (origin) => {
      expect(
        (await preflight('/session/token', origin)).headers.get('access-control-allow-origin'),
      ).toBeNull();
      const token = await stack.identityToken();
      const exchanged = await stack.request('/session/token', {
        headers: { origin, authorization: `Bearer ${token}` },
      });
      expect(exchanged.headers.get('access-control-allow-origin')).toBeNull();
      expect(await outcome(exchanged)).toBe('403 foreign_origin');
      const revoked = await stack.postForm('/session/revoke', { token: 'x' }, { origin });
      expect(await outcome(revoked)).toBe('403 foreign_origin');
    },
  );

  test('the site itself and programs without a browser may', async () => {
    for (const headers of [
      {},
      { origin: siteUrl },
      { 'sec-fetch-site': 'same-origin' },
      { origin: partner },
    ]) {
      expect((await stack.postForm('/session/revoke', { token: 'x' }, headers)).status).toBe(200);
    }
  });

  test('a cross-site call without an origin may not; with an allowed one it may', async () => {
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    const foreign = await stack.postForm('/session/revoke', { token: 'x' }, crossSite);
    expect(await outcome(foreign)).toBe('403 foreign_origin');
    const listed = await stack.postForm('/session/revoke', { token: 'x' }, { ...crossSite, origin: partner });
    expect(listed.status).toBe(200);
  });
});

describe('metadata', () => {
  test('has the fields of RFC 8414', async () => {
    const response = await stack.request('/.well-known/oauth-authorization-server');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({
      issuer: siteUrl,
      token_endpoint: `${siteUrl}/session/token`,
      revocation_endpoint: `${siteUrl}/session/revoke`,
      introspection_endpoint: `${siteUrl}/session/introspect`,
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: [],
      scopes_supported: ['read', 'write'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
    });
  });

  test('of a policy without scopes names none: RFC 8414 §3.2 leaves out what would be empty', async () => {
    const plain = await startBrokerStack({
      redis: stack.redis,
      policy: { audiences: { api: { secret: 'DAYPASS_SECRET' } } },
    });
    const answer = await (await plain.request('/.well-known/oauth-authorization-server')).json();
    expect(answer).not.toHaveProperty('scopes_supported');
    expect(answer).toMatchObject({ token_endpoint_auth_methods_supported: ['none'] });
    await plain.close();
  });

  test('of a deploy preview names its own endpoints and the site`s issuer', async () => {
    const response = await stack.app.request(
      'https://deploy-preview-1--site.example/.well-known/oauth-authorization-server',
    );
    expect(await response.json()).toMatchObject({
      issuer: siteUrl,
      token_endpoint: 'https://deploy-preview-1--site.example/session/token',
    });
  });

  test.each(['/session/status', '/.well-known/oauth-authorization-server'])('HEAD %s', async (path) => {
    const response = await stack.request(path, { method: 'HEAD' });
    expect([response.status, response.body]).toEqual([200, null]);
  });
});

test('an unknown error is hidden from the caller, and logged', async () => {
  const broken = await startBrokerStack({
    operatorToken: () => {
      throw new Error('inner workings');
    },
  });
  const response = await broken.exchange(await broken.identityToken());
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(JSON.parse(text)).toMatchObject({ error: 'server_error', code: 'internal_error' });
  expect(text).not.toContain('inner workings');
  expect(broken.logged.join()).toContain('Error: inner workings');
  await broken.close();
});

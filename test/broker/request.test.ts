import { expect, test } from 'vitest';
import { readTokenRequest } from '../../src/broker/request.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { patientBodies } from '../support/bodies.ts';
import { codeOf } from '../support/rejection.ts';
import { goodClaims, goodHeader, sign } from '../support/tokens.ts';

const url = 'https://site.example/session/token';
const token = await sign(goodHeader, goodClaims);
const good = { grant_type: tokenExchangeGrant, subject_token: token, subject_token_type: jwtTokenType };
const form = (changes: Record<string, string | undefined>) => {
  const fields = Object.entries({ ...good, ...changes }).filter(
    (field): field is [string, string] => !!field[1],
  );
  return new Request(url, { method: 'POST', body: new URLSearchParams(fields) });
};

test('reads an exchange', async () => {
  expect(await readTokenRequest(form({ audience: 'api', scope: 'a b a' }), patientBodies)).toEqual({
    kind: 'exchange',
    identityToken: { compact: token, header: goodHeader, payload: goodClaims },
    audience: 'api',
    scopes: ['a', 'b'],
  });
});

test('reads a renewal', async () => {
  const asked = await readTokenRequest(form({ subject_token_type: accessTokenType }), patientBodies);
  expect(asked).toMatchObject({ kind: 'renewal', audience: undefined, scopes: undefined });
});

test.each(['GET', 'POST'])('reads the short form, %s', async (method) => {
  const request = new Request(url, { method, headers: { authorization: `Bearer ${token}` } });
  expect(await readTokenRequest(request, patientBodies)).toMatchObject({
    kind: 'exchange',
    identityToken: { compact: token },
  });
});

// A browser sends Basic by itself to a site with a password; Authlib and requests-oauthlib send it by default.
test.each(['Basic YTpi', 'Basic YTpi, Bearer a.b.c', 'Digest x', 'DPoP a.b.c', 'Bearerx a.b.c', 'a'])(
  'with a form, another scheme is ignored: %s',
  async (authorization) => {
    const request = form({ subject_token_type: accessTokenType });
    request.headers.set('authorization', authorization);
    expect(await readTokenRequest(request, patientBodies)).toMatchObject({
      kind: 'renewal',
      accessToken: token,
    });
    const faulty = form({ grant_type: 'password' });
    faulty.headers.set('authorization', authorization);
    expect(await codeOf(() => readTokenRequest(faulty, patientBodies))).toBe('unsupported_grant_type');
  },
);

test.each([
  [{ grant_type: undefined }, 'missing_parameter'],
  [{ grant_type: 'password' }, 'unsupported_grant_type'],
  [{ subject_token: undefined }, 'missing_parameter'],
  [{ subject_token_type: undefined }, 'missing_parameter'],
  [{ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'unsupported_token_type'],
  [{ requested_token_type: jwtTokenType }, 'malformed_request'],
  [{ actor_token: 'x' }, 'malformed_request'],
  [{ resource: 'https://api.example' }, 'invalid_target'],
  [{ scope: 'a  b' }, 'invalid_scope'],
  [{ scope: 'a"b' }, 'invalid_scope'],
  [{ scope: ' a' }, 'invalid_scope'],
  [{ subject_token: 'nonsense' }, 'subject_token_malformed'],
  [{ subject_token: `${token}=` }, 'subject_token_malformed'],
  [{ subject_token: 'x'.repeat(4097) }, 'subject_token_malformed'],
])('refuses %o', async (changes, code) => {
  expect(await codeOf(() => readTokenRequest(form(changes), patientBodies))).toBe(code);
});

test('requested_token_type may name the one type there is', async () => {
  expect(await readTokenRequest(form({ requested_token_type: accessTokenType }), patientBodies)).toBeTruthy();
});

test.each([
  ['nothing at all', new Request(url), 'token_missing'],
  ['an empty POST', new Request(url, { method: 'POST' }), 'token_missing'],
  ['another scheme', new Request(url, { headers: { authorization: 'Basic YTpi' } }), 'token_missing'],
  [
    'another scheme in an empty POST',
    new Request(url, { method: 'POST', headers: { authorization: 'Basic YTpi' } }),
    'token_missing',
  ],
  [
    'nonsense',
    new Request(url, { headers: { authorization: 'Bearer nonsense' } }),
    'subject_token_malformed',
  ],
  [
    'a scheme in lower case',
    new Request(url, { headers: { authorization: 'bearer x' } }),
    'subject_token_malformed',
  ],
  ['a scheme alone', new Request(url, { headers: { authorization: 'Bearer' } }), 'token_malformed'],
  [
    'two tokens',
    new Request(url, { headers: { authorization: 'Bearer a.b.c, Bearer d.e.f' } }),
    'token_malformed',
  ],
  [
    'a token and a form',
    new Request(url, {
      method: 'POST',
      body: new URLSearchParams(good),
      headers: { authorization: 'Bearer a.b.c' },
    }),
    'malformed_request',
  ],
])('refuses %s', async (_, request, code) => {
  expect(await codeOf(() => readTokenRequest(request, patientBodies))).toBe(code);
});

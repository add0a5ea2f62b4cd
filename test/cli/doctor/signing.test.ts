import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { type DiagnoseOptions, diagnose } from '../../../cli/doctor/diagnose.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { createKeyRing } from '../../../src/token/keys.ts';
import { mintAccessToken, newSubject } from '../../../src/token/mint.ts';

// What doctor signs with the secrets at hand, and to whom it is sent.

const now = 1_800_000_000_000;
const secret = 'nW1oVJqgTL0yN3mWb7cXk9sPz5RtQhUe2dYfGaKjMxB';
const otherSecret = 'Zq8vHs2LpWc6TnYx4RbKd9JmFg3QaUe7XoMiVtCj1hE';
const policy = definePolicy({ audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['hello'] } } });
const problem = (code: string, status = 400) => Response.json({ code }, { status });

interface Site {
  origin: string;
  /** What the site says of itself. */
  issuer: string;
  /** The token that its broker gives; without it, it asks for Turnstile. */
  token?: { claims: Partial<Record<'iss' | 'aud' | 'deployContext' | 'scope', string>>; key?: string };
  /** The code of the backend's refusal. */
  code?: string;
  signUpStatus?: number;
}

/** The claims of every token with a signature of ours that doctor sends, with where it goes. */
async function collectSigned(site: Site, options: Partial<DiagnoseOptions>) {
  const signed: { to: string; claims: Readonly<Record<string, unknown>> }[] = [];
  const events: string[] = [];
  const { token } = site;
  const claims = token?.claims;
  const minted =
    token &&
    (await mintAccessToken({
      keyRing: await createKeyRing({ audience: claims?.aud ?? 'api', secret: token.key ?? secret }),
      issuer: claims?.iss ?? site.issuer,
      subject: newSubject(),
      scopes: [claims?.scope ?? 'hello'],
      deployContext: claims?.deployContext ?? 'production',
      ttlSeconds: 300,
      sessionStartedAt: now / 1000,
      now: now / 1000,
    }));
  const answers: Readonly<Record<string, () => Response>> = {
    '/': () => new Response('A site'),
    '/session/status': () => Response.json({ ok: true, checks: [], warnings: [], time: now / 1000 }),
    '/.well-known/oauth-authorization-server': () => Response.json({ issuer: site.issuer }),
    '/.netlify/identity/settings': () => Response.json({ disable_signup: false }),
    '/.netlify/identity/settings%5Cdoctor': () => problem('path_refused'),
    '/api/%5C': () => problem('path_refused'),
    '/session/challenge': () => Response.json({ proof: minted ? 'none' : 'turnstile' }),
    '/.netlify/identity/signup': () =>
      Response.json({ id: 'a-user', app_metadata: {} }, { status: site.signUpStatus ?? 200 }),
    '/.netlify/identity/token': () => Response.json({ access_token: 'identity.token.x' }),
    '/session/token': () => Response.json({ access_token: minted }),
    // The gate has let it pass; the backend refuses, and does not say why.
    '/api/': () =>
      Response.json({ code: site.code }, { status: 401, headers: { ratelimit: '"api";r=1;t=1' } }),
  };
  const diagnosis = await diagnose({
    url: site.origin,
    now: () => now,
    wait: async () => undefined,
    policy,
    variables: { DAYPASS_SECRET: secret },
    fetch: async (input, init) => {
      const { pathname, origin } = new URL(`${input}`);
      const headers = new Headers(init?.headers);
      const bearer = headers.get('authorization')?.replace(/^Bearer /, '');
      if (headers.has('x-webhook-signature')) events.push(origin);
      if (bearer === 't') signed.push({ to: origin, claims: {} });
      else if (bearer && bearer !== minted && decodeJwt(bearer).iss)
        signed.push({ to: origin, claims: decodeJwt(bearer) });
      const answer = answers[pathname]?.();
      if (!answer) throw new TypeError('fetch failed');
      return answer;
    },
    ...options,
  });
  const notes = diagnosis.findings.filter(({ id }) => id === 'secret_unused').map(({ detail }) => detail);
  return { signed, events, notes };
}

const own = { origin: 'https://site.example', issuer: 'https://site.example' };
const backend = 'https://backend.example';

test('a site that is its own issuer gets a token of the policy where it gives none', async () => {
  const { signed, notes } = await collectSigned(own, {});
  expect(signed).toEqual([
    {
      to: own.origin,
      claims: expect.objectContaining({
        iss: own.issuer,
        aud: 'api',
        scope: 'hello',
        deploy_context: 'production',
      }),
    },
  ]);
  expect(notes).toEqual([]);
});

const other = { origin: 'https://other.example', issuer: 'https://site.example' };

test.each<[string, Site, Partial<DiagnoseOptions>, RegExp]>([
  ['a site that says it is another', other, {}, /says that its issuer is https:\/\/site\.example/],
  [
    'a site that is not the issuer of the policy',
    other,
    { policy: definePolicy({ issuer: 'https://site.example' }) },
    /is not the issuer https:\/\/site\.example/,
  ],
  [
    'a site that is not the one of URL',
    other,
    { variables: { DAYPASS_SECRET: secret, URL: 'https://site.example/' } },
    /is not the issuer https:\/\/site\.example/,
  ],
  [
    'a site that claims to be itself where the policy names another',
    { ...other, issuer: other.origin },
    { policy: definePolicy({ issuer: 'https://site.example' }) },
    /is not the issuer/,
  ],
  ['plain http', { origin: 'http://site.example', issuer: 'http://site.example' }, {}, /over https/],
])('nothing is signed for %s, and a note says so', async (_, site, options, note) => {
  const { signed, notes } = await collectSigned(site, options);
  expect(signed).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(note)]);
});

test('on this machine the issuer of the policy is enough', async () => {
  const site = { origin: 'http://localhost:8888', issuer: 'https://site.example' };
  const { signed } = await collectSigned(site, {
    policy: definePolicy({ issuer: 'https://site.example' }),
  });
  expect(signed.map(({ claims }) => [claims.iss, claims.deploy_context])).toEqual([
    ['https://site.example', 'dev'],
  ]);
});

test('tokens for the backend say what the owner has, and nothing that the site has written', async () => {
  const token = { claims: { aud: 'admin', scope: 'delete-all', deployContext: 'dev' } };
  const { signed } = await collectSigned({ ...own, token }, { backend });
  expect(signed.length).toBeGreaterThan(0);
  for (const { to, claims } of signed) {
    expect([to, claims.aud, claims.scope, claims.deploy_context]).toEqual([
      backend,
      'api',
      'hello',
      'production',
    ]);
    expect(`${claims.iss}`).toMatch(/^https?:\/\/site\.example\/?$/);
  }
});

test.each<[string, NonNullable<Site['token']>, Partial<DiagnoseOptions>]>([
  ['of a site that signs with another secret', { claims: {}, key: otherSecret }, { backend }],
  ['of a site whose tokens name another issuer', { claims: { iss: 'https://other.example' } }, { backend }],
  ['over plain http', { claims: {} }, { backend: 'http://backend.example' }],
])('no token goes to the backend %s', async (_, token, options) => {
  expect((await collectSigned({ ...own, token }, options)).signed).toEqual([]);
});

test.each([
  ['https://site.example', ['https://site.example']],
  ['https://other.example', []],
])('of an old secret too, a token goes only to the site that is the issuer: %s', async (issuer, to) => {
  const { signed } = await collectSigned(
    { ...own, token: { claims: {} }, code: 'token_key' },
    {
      policy: definePolicy({
        issuer,
        audiences: { api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' } },
      }),
      variables: { DAYPASS_SECRET: secret, DAYPASS_SECRET_SECONDARY: otherSecret },
    },
  );
  expect(signed.map((each) => each.to)).toEqual(to);
});

test.each([
  ['https://site.example', undefined, ['https://site.example']],
  ['https://site.example', 'https://other.example', []],
  ['http://site.example', undefined, []],
])('an event is signed only for the site of the owner: %s, URL %s', async (origin, URL, to) => {
  const { events } = await collectSigned(
    { origin, issuer: origin, token: { claims: {} }, signUpStatus: 422 },
    { variables: { IDENTITY_WEBHOOK_SECRET: secret, URL } },
  );
  expect(events).toEqual(to);
});

test.each([
  [
    'UPSTASH_REDIS_REST_URL',
    { UPSTASH_REDIS_REST_URL: 'http://redis.example', UPSTASH_REDIS_REST_TOKEN: 't' },
  ],
  ['IDENTITY_URL', { IDENTITY_URL: 'http://identity.example', IDENTITY_OPERATOR_TOKEN: 't' }],
])('%s over plain http gets no token of the owner, and a note says so', async (name, variables) => {
  const { signed, notes } = await collectSigned(own, {
    variables,
    identityUrl: `${own.origin}/.netlify/identity`,
  });
  expect([signed, notes]).toEqual([[], [expect.stringContaining(`${name} must be an https URL`)]]);
});

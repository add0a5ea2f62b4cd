import { expect, test, vi } from 'vitest';
import { createVerifier, type VerifierOptions } from '../../src/token/createVerifier.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { codeOf } from '../support/rejection.ts';
import { goodClaims, goodHeader, issuer, now, otherSecret, secret, sign } from '../support/tokens.ts';

const clock = () => now * 1000;

/** A verifier whose warnings are collected, and what it makes of tokens with such claims. */
function verifying(options: Partial<VerifierOptions> = {}) {
  const warnings: string[] = [];
  const verify = createVerifier({
    secret,
    issuer,
    now: clock,
    warn: (message) => warnings.push(message),
    ...options,
  } as VerifierOptions);
  const codeFor = async (claims: object) =>
    codeOf(async () => verify(await sign(goodHeader, { ...goodClaims, ...claims })));
  return { warnings, verify, codeFor };
}

// What was warned of is remembered by the process: each test has values of its own.

test.each([
  [
    { iss: 'https://one.example' },
    {},
    'token_issuer',
    `the token's iss is "https://one.example", and issuer is "${issuer}"`,
  ],
  [{ aud: 'one' }, { audience: 'api' }, 'token_audience', `the token's aud is "one", and audience is "api"`],
  [
    { deploy_context: 'branch-deploy' },
    { deployContexts: ['production', 'dev'] as const },
    'token_deploy_context',
    `the token's deploy_context is "branch-deploy", and deployContexts is "production", "dev"`,
  ],
])('a token signed with our secret that says %o is reported, once', async (claims, options, code, words) => {
  const { warnings, codeFor } = verifying(options);
  for (let call = 0; call < 3; call += 1) expect(await codeFor(claims)).toBe(code);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(words);
  expect(warnings[0]).toContain(code);
  // Another verifier of this process has the same cause.
  const second = verifying(options);
  expect(await second.codeFor(claims)).toBe(code);
  expect(second.warnings).toEqual([]);
});

test('another value is another cause, and all that differs is said at once', async () => {
  const { warnings, codeFor } = verifying();
  const claims = { iss: 'http://localhost:8888', aud: 'shop', deploy_context: 'dev' };
  expect(await codeFor(claims)).toBe('token_issuer');
  expect(await codeFor({ ...claims, aud: 'blog' })).toBe('token_issuer');
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain(
    `iss is "http://localhost:8888", and issuer is "${issuer}"; the token's aud is "shop", and audience is "api"; the token's deploy_context is "dev"`,
  );
  expect(warnings[0]).toContain("deployContexts: ['dev']");
});

test('a token that our secret has not signed is not reported, nor is a refusal that no setting causes', async () => {
  const { warnings, verify, codeFor } = verifying();
  const elsewhere = { ...goodClaims, iss: 'https://elsewhere.example' };
  expect(await codeOf(async () => verify(await sign(goodHeader, elsewhere, otherSecret)))).toBe(
    'token_signature',
  );
  const { primary } = await createKeyRing({ audience: 'api', secret: otherSecret });
  const otherKey = await sign({ ...goodHeader, kid: primary.id }, elsewhere, otherSecret);
  expect(await codeOf(() => verify(otherKey))).toBe('token_key');
  expect(await codeFor({ iat: now - 400, exp: now - 100 })).toBe('token_expired');
  expect(await codeFor({ sub: 'somebody' })).toBe('token_subject');
  expect(await codeFor({ iss: 7 })).toBe('token_claims');
  expect(warnings).toEqual([]);
});

test('a warning holds no token, no secret, no session, and is one line however long the claim', async () => {
  const { warnings, verify } = verifying();
  const token = await sign(goodHeader, { ...goodClaims, iss: `https://two.example/\n${'x'.repeat(2000)}` });
  await codeOf(() => verify(token));
  const [warning = ''] = warnings;
  expect(warning.split('\n')).toHaveLength(1);
  expect(warning.length).toBeLessThan(600);
  for (const part of [...token.split('.'), secret, goodClaims.sub, goodClaims.jti]) {
    expect(warning).not.toContain(part);
  }
});

test('warnings go to the console by default', async () => {
  const console_ = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const verify = createVerifier({ secret, issuer, now: clock });
  await codeOf(async () => verify(await sign(goodHeader, { ...goodClaims, iss: 'https://three.example' })));
  expect(console_.mock.calls).toEqual([[expect.stringContaining('https://three.example')]]);
  console_.mockRestore();
});

const shop = { secret, issuer: 'https://shop.example' };
const blog = { secret: otherSecret, issuer: 'https://blog.example', audience: 'comments' };

test('of several sites, the issuer in the token chooses, and the caller knows which', async () => {
  const verify = createVerifier({ sites: [shop, blog], now: clock });
  const { primary } = await createKeyRing({ audience: 'comments', secret: otherSecret });
  const ofShop = await sign(goodHeader, { ...goodClaims, iss: shop.issuer });
  const blogClaims = { ...goodClaims, iss: blog.issuer, aud: 'comments' };
  const ofBlog = await sign({ ...goodHeader, kid: primary.id }, blogClaims, otherSecret);
  // Twice: a cached token is validated by its own site, too, and its signature is not checked again.
  const check = vi.spyOn(crypto.subtle, 'verify');
  for (let call = 0; call < 2; call += 1) {
    expect(await verify(ofShop)).toMatchObject({ issuer: shop.issuer, audience: 'api' });
    expect(await verify(ofBlog)).toMatchObject({ issuer: blog.issuer, audience: 'comments' });
  }
  expect(check).toHaveBeenCalledTimes(2);
  check.mockRestore();
});

test('a site that signs tokens of another is reported with both issuers', async () => {
  const { warnings, codeFor } = verifying({
    secret: undefined,
    issuer: undefined,
    sites: [shop, blog],
  } as never);
  expect(await codeFor({ iss: blog.issuer, aud: 'comments' })).toBe('token_issuer');
  expect(warnings).toEqual([
    expect.stringContaining(
      `the token's iss is "https://blog.example", and issuer is "https://shop.example"`,
    ),
  ]);
});

const mistake = (sites: unknown, more: object = {}) => {
  try {
    createVerifier({ sites, ...more } as never);
  } catch (error) {
    return (error as { problems: string[] }).problems.join('\n');
  }
  return 'no error';
};

test.each([
  ['no site', [], {}, /^sites must be a list of at least one site/],
  ['one site that is no list', shop, {}, /^sites must be a list of at least one site/],
  ['null', null, {}, /^sites must be a list/],
  ['an entry that is none', [shop, 'https://blog.example'], {}, /^sites\[1\] must be an object/],
  [
    'a misspelt option',
    [{ ...shop, audiense: 'x' }],
    {},
    /^sites\[0\]\.audiense is unknown; did you mean audience\?/,
  ],
  ['a list within', [{ ...shop, sites: [] }], {}, /^sites\[0\]\.sites is unknown/],
  ['a shared option in an entry', [{ ...shop, now: clock }], {}, /^sites\[0\]\.now is unknown/],
  ['an option beside it', [shop], { audience: 'api' }, /^audience must stand in an entry of sites/],
  ['a site beside it', [blog], shop, /^secret, issuer must stand in an entry of sites/],
  ['a weak secret', [shop, { ...blog, secret: 'short' }], {}, /^sites\[1\]\.secret is shorter than 32 bytes/],
  ['no secret', [{ ...shop, secret: undefined }], {}, /^sites\[0\]\.secret is missing/],
  [
    'an issuer with a slash',
    [{ ...shop, issuer: 'https://shop.example/' }],
    {},
    /^sites\[0\]\.issuer must be an origin/,
  ],
  [
    'one issuer twice',
    [shop, { ...blog, issuer: shop.issuer }],
    {},
    /^sites\[1\]\.issuer equals that of sites\[0\]: .*secondarySecret/,
  ],
  [
    'one secret twice',
    [shop, { ...blog, secret }],
    {},
    /^sites\[1\]\.secret equals sites\[0\]\.secret\. Make another: node/,
  ],
  [
    'one as the other of another',
    [shop, { ...blog, secondarySecret: secret }],
    {},
    /^sites\[1\]\.secondarySecret equals sites\[0\]\.secret/,
  ],
  [
    'both of one site',
    [{ ...shop, secondarySecret: secret }],
    {},
    /^sites\[0\]\.secondarySecret equals sites\[0\]\.secret\. Make another: /,
  ],
])('%s: a mistake at start, and no secret in it', (_, sites, more, words) => {
  const said = mistake(sites, more);
  expect(said).toMatch(words);
  expect(said).not.toContain(secret);
  expect(said).not.toContain(otherSecret);
});

test('all mistakes are reported together', () => {
  expect(mistake([{ ...shop, issuer: '' }, { ...blog, deployContexts: [] }, null]).split('\n')).toHaveLength(
    3,
  );
});

import { expect, test } from 'vitest';
import type { ErrorCode } from '../../src/protocol/codes.ts';
import type { DeployContext } from '../../src/protocol/wire.ts';
import { readBearer } from '../../src/token/bearer.ts';
import { createVerifier } from '../../src/token/createVerifier.ts';
import { codeOf } from '../support/rejection.ts';
import acceptJson from './accept.json' with { type: 'json' };
import fieldsJson from './fields.json' with { type: 'json' };
import refuseJson from './refuse.json' with { type: 'json' };
import sitesJson from './sites.json' with { type: 'json' };

interface Site {
  secret: string;
  secondarySecret?: string;
  issuer: string;
  audience: string;
  deployContexts: DeployContext[];
}

interface Judged {
  name: string;
  why: string;
  now: number;
  token: string;
  code: string | null;
}

type Vector = Site & Judged;
type SitesVector = Judged & { sites: Site[]; acceptedIssuer?: string };

const accept = acceptJson as Vector[];
const refuse = refuseJson as Vector[];
const sites = sitesJson as SitesVector[];

const verifierOf = ({ token: _token, now, name: _name, why: _why, code: _code, ...options }: Vector) =>
  createVerifier({ ...options, now: () => now * 1000, warn: () => undefined });

// Each twice: a cached token is validated as a new one is.
test.each(accept)('accepts $name', async (vector) => {
  expect(vector.code).toBeNull();
  const verify = verifierOf(vector);
  const said = await verify(vector.token);
  expect(said.subject).toMatch(/^anon_/);
  expect(said.audience).toBe(vector.audience);
  expect(await verify(vector.token)).toEqual(said);
});

test.each(refuse)('refuses $name', async (vector) => {
  const verify = verifierOf(vector);
  for (let time = 0; time < 2; time += 1) expect(await codeOf(() => verify(vector.token))).toBe(vector.code);
});

test.each(sites)('$name', async ({ sites, now, token, code, acceptedIssuer }) => {
  const verify = createVerifier({ sites, now: () => now * 1000, warn: () => undefined });
  for (let time = 0; time < 2; time += 1) {
    if (code) expect(await codeOf(() => verify(token))).toBe(code);
    else expect((await verify(token)).issuer).toBe(acceptedIssuer);
  }
});

test.each(fieldsJson)('reads $name', async ({ fields, token, code }) => {
  const read = () => readBearer({ headers: new Headers(Object.entries(fields)) });
  if (code === null) expect(read()).toBe(token);
  else expect(await codeOf(read)).toBe(code);
});

test('there are at least 120, each with a name and a reason of its own kind', () => {
  const all: Judged[] = [...accept, ...refuse, ...sites];
  expect(all.length).toBeGreaterThanOrEqual(120);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(all.filter(({ why }) => !/RFC \d{4} §|Policy|OpenID/.test(why))).toEqual([]);
});

test('no token stands twice under one setting', () => {
  const all = [...accept, ...refuse].map(({ name: _name, why: _why, code: _code, ...rest }) =>
    JSON.stringify(rest),
  );
  expect(all.filter((entry, index) => all.indexOf(entry) !== index)).toEqual([]);
});

/** Every code that a verifier can give; a compile error here means that a code was added or lost. */
const codes: Record<
  Exclude<Extract<ErrorCode, `token_${string}`>, 'token_missing' | 'token_repeated' | 'token_revoked'>,
  true
> = {
  token_malformed: true,
  token_algorithm: true,
  token_type: true,
  token_key: true,
  token_signature: true,
  token_claims: true,
  token_issuer: true,
  token_audience: true,
  token_subject: true,
  token_not_yet_valid: true,
  token_expired: true,
  token_lifetime: true,
  token_deploy_context: true,
};

test.each(Object.keys(codes))('%s is given at least twice', (code) => {
  expect(refuse.filter((vector) => vector.code === code).length).toBeGreaterThanOrEqual(2);
});

test('no other code is expected', () => {
  expect(refuse.filter(({ code }) => !(String(code) in codes))).toEqual([]);
});

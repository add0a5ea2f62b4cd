import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintAccessToken } from '../../src/token/mint.ts';
import { describeWith } from '../support/optional.ts';
import { issuer, now, ring, secret, subject } from '../support/tokens.ts';
import { blocksOf, type DocsProject, openDocs } from './project.ts';

// What docs/backends.md shows compiles, or is run.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('backends.md');
});
afterAll(() => docs.close());

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(5);
  expect(await docs.compile()).toBe('');
});

test('says on how many cases the verifiers are proven', () => {
  const count = (name: string) =>
    JSON.parse(readFileSync(join(import.meta.dirname, `../vectors/${name}.json`), 'utf8')).length as number;
  const [tokens, sites, fields] = [count('accept') + count('refuse'), count('sites'), count('fields')];
  expect(docs.text.replaceAll(/\s+/g, ' ')).toContain(
    `the same ${tokens + sites + fields} cases (${tokens} tokens, ${sites} for a backend of several sites, ${fields} of the fields`,
  );
});

describeWith('python3')('in Python', () => {
  const mint = () =>
    mintAccessToken({
      keyRing: ring,
      issuer,
      subject,
      scopes: [],
      deployContext: 'production',
      ttlSeconds: 300,
      sessionStartedAt: now,
      now,
    });
  const verify = (token: string, key: string, at: number) => {
    const [code = ''] = blocksOf(docs.text, 'python');
    const call = `\nimport sys\nprint(json.dumps(verify(*sys.argv[1:5], int(sys.argv[5]))))`;
    return execFileSync('python3', ['-c', code + call, token, key, issuer, 'api', String(at)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };

  test('ten lines with nothing but hmac, base64 and json verify a token', async () => {
    const [code = ''] = blocksOf(docs.text, 'python');
    expect(
      code
        .trim()
        .split('\n')
        .filter((line) => line !== ''),
    ).toHaveLength(10);
    expect(code.match(/^import .*$/gm)).toEqual(['import base64, hmac, json']);
    expect(JSON.parse(verify(await mint(), secret, now))).toMatchObject({
      sub: subject,
      aud: 'api',
      exp: now + 300,
    });
  });

  test('and refuse what they should', async () => {
    const token = await mint();
    expect(() => verify(token, 'another-secret', now)).toThrow();
    expect(() => verify(token, secret, now + 331)).toThrow();
    expect(() => verify(token.replace('.', 'A.'), secret, now)).toThrow();
  });
});

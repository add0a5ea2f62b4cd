import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backendCauses } from '../../cli/doctor/findings.ts';
import { causes } from '../../src/protocol/causes.ts';
import { codeRow, codes, type ErrorCode, errorPage, repositoryUrl } from '../../src/protocol/codes.ts';

// docs/errors.md has one entry for each code, and every refusal links to its own.

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const entries = new Map(
  read('docs/errors.md')
    .split(/^### /m)
    .slice(1)
    .map((entry) => {
      const [heading = '', ...lines] = entry.split(/\n## /)[0]?.split('\n') ?? [];
      return [/^`(\w+)`$/.exec(heading)?.[1] ?? heading, lines.join('\n').replaceAll(/\s+/g, ' ').trim()];
    }),
);

/** The names in the source between two marks. */
function namesIn(path: string, from: string, to: string, name: RegExp): string[] {
  const [, rest = ''] = read(path).split(from);
  return [...(rest.split(to)[0] ?? '').matchAll(name)].map(([, found = '']) => found);
}

const server = Object.keys(codes) as ErrorCode[];
const client = namesIn('client/errors.ts', 'export type SessionErrorCode =', ';', /'(\w+)'/g);
const python = namesIn('python/src/daypass/errors.py', 'TokenErrorCode = Literal[', ']', /"(\w+)"/g);
const go = namesIn('examples/verify/go/middleware.go', 'func refuseToken', '\n}', /"(token_\w+)"/g);
const dev = namesIn('dev/assertOptions.ts', 'class OptionsError', '\n}', /code = '(\w+)'/g);

test('each code has one entry, and each entry is of a code', () => {
  for (const some of [server, client, python, go, dev]) expect(some).not.toEqual([]);
  expect([...entries.keys()].toSorted()).toEqual(
    [...new Set([...server, ...client, ...python, ...go, ...dev])].toSorted(),
  );
});

test.each([...entries])('%s says what happened, why, and what to do', (_code, text) => {
  expect(text).toMatch(/- \*\*What happened:\*\* .+\. - \*\*Why:\*\* .+\. - \*\*What to do:\*\* .+\.$/);
});

/** Only renewals are refused with it, and they are forms: never the 401 of a Bearer token. */
const onlyInForms: readonly ErrorCode[] = ['session_unknown'];

test.each(server)('%s has the status and the error of the table of codes', (code) => {
  const { status, error } = onlyInForms.includes(code)
    ? { status: 400, error: 'invalid_request' }
    : codeRow(code);
  const says = error === '' ? `${status}, no OAuth error` : `${status} \`${error}\``;
  expect(entries.get(code)?.startsWith(says), entries.get(code)).toBe(true);
});

const remedies = Object.entries({ ...causes, ...backendCauses })
  .filter(([code, { remedy }]) => entries.has(code) && !remedy.includes('{'))
  .map(([code, { remedy }]) => [code, remedy] as const);

test('status, doctor and client have remedies for some of them', () => {
  expect(remedies.length).toBeGreaterThan(8);
});

test.each(remedies)('%s is mended in the words of status, doctor and client', (code, remedy) => {
  expect(entries.get(code)).toContain(remedy);
});

test('the link of a refusal leads to its entry, in every language', () => {
  const page = `${repositoryUrl}/blob/main/docs/errors.md#`;
  for (const code of server) expect(errorPage(code)).toBe(page + code);
  for (const path of ['python/src/daypass/_http.py', 'examples/verify/go/middleware.go'])
    expect(read(path)).toContain(`"${page}`);
});

test('the repository is the one that package.json names', () => {
  const { repository, homepage } = JSON.parse(read('package.json'));
  expect(repository).toEqual({ type: 'git', url: `git+${repositoryUrl}.git` });
  expect(homepage).toBe(`${repositoryUrl}#readme`);
});

import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { languages } from '../support/languages.ts';
import { describeWith } from '../support/optional.ts';
import { signedBy, withHeader } from './generator/craft.ts';

const root = join(import.meta.dirname, '..', '..');
interface Case {
  name: string;
  code: string | null;
}

const names = ['accept.json', 'refuse.json', 'sites.json', 'fields.json'];
const files = names.map((name) => join(import.meta.dirname, name));
const [accept, refuse, sites, fields] = files.map((file) => JSON.parse(readFileSync(file, 'utf8'))) as [
  Case[],
  Case[],
  (Case & { sites: { secret: string }[] })[],
  (Case & { token: string | null })[],
];

// A first run fetches packages and compiles them.
const timeout = 600_000;

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const examples = 'examples/verify';

/** What the table of odd header members says, by the folder of the library. */
const oddHeaders = [...read(`${examples}/README.md`).matchAll(/^\| `("\w+":.+)` +\|(.*)\|$/gm)].map((row) => {
  const [python, node, go, java, rust] = (row[2] as string).split('|').map((cell) => cell.trim());
  return { member: row[1] as string, python, node, go, java, rust };
});

for (const { name, part, prepare, check, test: testMore } of languages) {
  const suite = part ? describeWith(part) : describe;
  suite(`examples/verify/${name}`, () => {
    beforeAll(prepare, timeout);

    test('agrees with every vector', { timeout }, async () => {
      const { status, output } = await check(files);
      expect(output.trim()).toBe(`${[accept, refuse, sites, fields].flat().length} vectors, 0 wrong`);
      expect(status).toBe(0);
    });

    test('treats odd header members as the table says', { timeout }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'daypass-vectors-'));
      try {
        const tokens = oddHeaders.map(({ member }) => ({
          ...accept[0],
          name: member,
          token: withHeader(JSON.parse(`{${member}}`)),
        }));
        const file = join(folder, 'odd.json');
        await writeFile(file, JSON.stringify(tokens));
        const { output } = await check([file]);
        const says = ({ member }: { member: string }) =>
          output.includes(`refused: ${member}`) ? 'refuses' : 'takes';
        expect(output).toContain(`${oddHeaders.length} vectors`);
        expect(oddHeaders.map((row) => [row.member, says(row)])).toEqual(
          oddHeaders.map((row) => [row.member, row[name as 'python']]),
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    if (testMore)
      test('passes its own tests', { timeout }, async () => {
        const { status, output } = await testMore();
        expect(output.match(/^--- PASS/gm)?.length, output).toBeGreaterThanOrEqual(4);
        expect(status, output).toBe(0);
      });

    test('is not made with settings that cannot work', { timeout }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'daypass-vectors-'));
      const good = sites[0] as (typeof sites)[0];
      const [one, two, three] = good.sites as [object, object, object];
      const secret = good.sites[0]?.secret;
      const mistakes = {
        'no site': [],
        'one issuer twice': [one, { ...two, issuer: issuerOf(one) }],
        'one site twice': [one, one],
        'one secret for two': [one, { ...two, secret }],
        'the secret of one as the other of another': [one, two, { ...three, secondarySecret: secret }],
        'a short secret beside a good one': [one, { ...two, secret: 'short' }],
        'an empty secret beside a good one': [one, { ...two, secret: '' }],
      };
      try {
        const file = join(folder, 'mistakes.json');
        // The token is good for the first site: only a verifier that cannot be made refuses it.
        const cases = Object.entries(mistakes).map(([name, list]) => ({
          ...good,
          name,
          sites: list,
          code: 'not_configured',
        }));
        await writeFile(file, JSON.stringify([good, ...cases]));
        const { output } = await check([file]);
        expect(output.trim()).toBe(`${cases.length + 1} vectors, 0 wrong`);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    test('names what it judges otherwise, and takes no empty secret', { timeout }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'daypass-vectors-'));
      try {
        const turned = [
          { ...accept[0], code: 'token_expired' },
          { ...refuse[0], code: null },
          { ...accept[1] },
          { ...fields[0], token: 'another' },
          { ...fields[0], name: 'a refusal of what holds', token: null, code: 'token_malformed' },
          { ...fields.at(-1), token: 'a token of two', code: null },
          { ...accept[0], name: 'by no secret', secret: '', token: signedBy(''), code: 'token_key' },
        ];
        const file = join(folder, 'turned.json');
        await writeFile(file, JSON.stringify(turned));
        const { status, output } = await check([file]);
        expect(output).toContain(`accepted: ${accept[0]?.name}`);
        expect(output).toContain(`refused: ${refuse[0]?.name}`);
        expect(output).not.toContain(accept[1]?.name);
        for (const name of [fields[0]?.name, 'a refusal of what holds', fields.at(-1)?.name])
          expect(output).toContain(`read: ${name}`);
        expect(output).toContain('7 vectors, 5 wrong');
        expect(status).toBe(1);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}

function issuerOf(site: object): string {
  return (site as { issuer: string }).issuer;
}

test('every folder of examples/verify is run', () => {
  const folders = readdirSync(join(root, 'examples', 'verify'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.sort()).toEqual(languages.map(({ name }) => name).sort());
});

test('the table of odd header members is found', () => {
  expect(oddHeaders.length).toBeGreaterThanOrEqual(13);
});

test('the example for Node pins the jose that it is run with', () => {
  const { jose } = JSON.parse(read(`${examples}/node/package.json`)).dependencies;
  expect(JSON.parse(read('node_modules/jose/package.json')).version).toBe(jose);
});

test.each([
  ['PyJWT', 'python/requirements.txt', /PyJWT==([\d.]+)/],
  ['jose', 'node/package.json', /"jose": "([\d.]+)"/],
  ['golang-jwt', 'go/go.mod', /jwt\/v5 v([\d.]+)/],
  ['Nimbus JOSE + JWT', 'java/pom.xml', /nimbus-jose-jwt<\/artifactId>\s*<version>([\d.]+)</],
  ['Jackson', 'java/pom.xml', /jackson-databind<\/artifactId>\s*<version>([\d.]+)</],
  ['jsonwebtoken', 'rust/Cargo.toml', /jsonwebtoken = \{ version = "=([\d.]+)"/],
  ['base64', 'rust/Cargo.toml', /base64 = "=([\d.]+)"/],
])('the table is about the version of %s that is pinned', (library, file, pattern) => {
  const version = pattern.exec(read(`${examples}/${file}`))?.[1];
  expect(version).toBeDefined();
  expect(read(`${examples}/README.md`)).toContain(`${library} ${version}`);
});

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';

// A link in a page of the package leads to a file of the package, or is a whole URL: registries and `node_modules` show these
// pages without the rest of the repository.

const { homepage, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  homepage: string;
  files: string[];
};
const repository = `${homepage.replace('#readme', '')}/blob/main/`;
const read = (name: string) => readFileSync(join(root, name), 'utf8');

/** Whether `npm pack` takes this file. */
const isPacked = (name: string) =>
  existsSync(join(root, name)) &&
  (/^(README\.md|LICENSE|package\.json)$/.test(name) ||
    files.some((each) => `${name}/`.startsWith(`${each}/`)));

/** Links of a Markdown file, without those in code. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm)].map(
    ([, link = '']) => link,
  );
}

/** The fragments by which GitHub names the headings of a Markdown file. */
function fragmentsOf(text: string): string[] {
  const headings = text.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/`|\[|\]\([^)]*\)/g, '')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links of a page that lead nowhere. */
function brokenLinks(name: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    const isOurs = link.startsWith(repository);
    if (!isOurs && /^(https?|mailto):/.test(link)) return false;
    const [path = '', fragment] = link.replace(repository, '').split('#');
    const target = isOurs ? path : path === '' ? name : normalize(join(dirname(name), path));
    if (target !== name && !(isOurs ? existsSync(join(root, target)) : isPacked(target))) return true;
    return fragment !== undefined && !fragmentsOf(target === name ? text : read(target)).includes(fragment);
  });
}

test.each(globSync('{README,CHANGELOG,SECURITY,docs/**/*}.md', { cwd: root }))(
  'links of %s lead somewhere',
  (name) => {
    expect(brokenLinks(name, read(name))).toEqual([]);
  },
);

test.each(['dev/README.md', 'python/README.md'])(
  'links of %s, which stands alone, are whole URLs',
  (name) => {
    expect(linksOf(read(name)).filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
    expect(brokenLinks(name, read(name))).toEqual([]);
  },
);

/** Pages that are read in the repository alone: any file of it will do. */
const unpacked = globSync('{ARCHITECTURE,CONTRIBUTING,bench/*,examples/**/*,setups/*}.md', {
  cwd: root,
  exclude: ['**/node_modules/**', '**/.venv/**'],
});

test.each(unpacked)('links of %s, which is not packed, lead to files of the repository', (name) => {
  const inRepository = ([link = '']: readonly string[]) => existsSync(join(root, dirname(name), link));
  const broken = brokenLinks(name, read(name)).filter((link) => !inRepository(link.split('#')));
  expect(broken).toEqual([]);
});

test('a link that leads nowhere is seen', () => {
  const text = `# A heading
    [a](#a-heading) [b](#nowhere) [c](test) [d](docs/none.md) [e](LICENSE) [f](docs/gate.md#nowhere)
    [g](${repository}test/none) [h](${repository}python/README.md#fastapi)`;
  const broken = ['#nowhere', 'test', 'docs/none.md', 'docs/gate.md#nowhere', `${repository}test/none`];
  expect(brokenLinks('README.md', text)).toEqual(broken);
});

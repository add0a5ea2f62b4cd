import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

// Every link from one page of the repository to another leads somewhere, to the heading too that it names.

const root = join(import.meta.dirname, '../..');
const pages = [
  ...globSync('*.{md,txt}', { cwd: root }),
  ...globSync('{docs,dev,bench,python,examples,setups}/**/*.md', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/.venv/**', '**/.pytest_cache/**'],
  }),
];

const textOf = (path: string) =>
  readFileSync(join(root, path), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');

/** The ids that GitHub gives to the headings of a page. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of textOf(path).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function brokenLinks(page: string): string[] {
  const targets = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : relative(root, join(root, dirname(page), file));
    if (!existsSync(join(root, path))) return true;
    if (anchor === undefined) return false;
    return statSync(join(root, path)).isDirectory() || !anchorsOf(path).has(anchor);
  });
}

test('there are pages to look at', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/errors.md', 'python/README.md']));
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  expect(brokenLinks(page)).toEqual([]);
});

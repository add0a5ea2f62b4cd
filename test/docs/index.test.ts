import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../cli/main.ts';
import { repositoryUrl } from '../../src/protocol/codes.ts';

// The lists of pages are complete, and the commands that pages name are there.

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const pages = globSync('docs/**/*.md', { cwd: root }).filter((name) => name !== 'docs/README.md');
const documents = ['README.md', 'llms.txt', 'CONTRIBUTING.md', 'docs/README.md', ...pages];

test('docs/README.md names every page', () => {
  const named = [...read('docs/README.md').matchAll(/\]\(([\w/-]+\.md)\)/g)].map(
    ([, name]) => `docs/${name}`,
  );
  expect(named.toSorted()).toEqual(pages.toSorted());
});

test('llms.txt names every page, each by its title', () => {
  const named = [...read('llms.txt').matchAll(/^- \[(.+)\]\((.+)\): .+$/gm)].map(([, title, url = '']) => [
    url.replace(`${repositoryUrl}/blob/main/`, ''),
    title,
  ]);
  const titled = pages.map((name) => [name, /^# (.+)$/m.exec(read(name))?.[1]]);
  expect(named).toEqual(expect.arrayContaining(titled));
});

test.each(documents)('the commands that %s names are there', (name) => {
  const text = read(name);
  const known = commands.map((command) => command.name);
  const called = [...text.matchAll(/npx daypass ([a-z]+)/g)].map(([, command = '']) => command);
  expect(called.filter((command) => !known.includes(command))).toEqual([]);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: object };
  const run = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
  expect(run.filter((script) => !(script in scripts))).toEqual([]);
});

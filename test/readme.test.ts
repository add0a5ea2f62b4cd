import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, type DocsProject, openProject } from './docs/project.ts';

// README is one screen: what, two commands, three pieces, links.

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const policy = "import { definePolicy } from 'daypass/netlify';\n\nexport default definePolicy();\n";

let project: DocsProject;
beforeAll(async () => {
  project = await openProject(readme, blocksOf(readme, 'ts'), policy);
});
afterAll(() => project.close());

test('is one screen', () => {
  expect(readme.split('\n').length).toBeLessThan(75);
});

test('knows every language that is shown', () => {
  const languages = [...readme.matchAll(/^ *```(\w+)$/gm)].map(([, language]) => language);
  expect([...new Set(languages)].sort()).toEqual(['html', 'sh', 'ts']);
});

test('begins with what runs: the scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']));
  expect(blocksOf(readme, 'sh')).toEqual(['npm ci\nnpm start\n', 'npx daypass init\nnpx daypass dev\n']);
  const start = readme.split('\n').slice(0, 25).join('\n');
  for (const command of ['npm start', '`npm test`']) expect(start).toContain(command);
});

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  expect(project.blocks).toHaveLength(2);
  expect(await project.compile()).toBe('');
});

test('the script tag is the one that docs/pages.md shows, and a browser runs', () => {
  const [tag = ''] = blocksOf(readme, 'html');
  expect(readFileSync(join(root, 'docs/pages.md'), 'utf8')).toContain(tag);
});

test('says what a pass does not prove', () => {
  expect(readme).toContain('does not prove that a caller is a browser');
});

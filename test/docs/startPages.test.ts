import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { planInit } from '../../cli/init/plan.ts';
import { projects } from '../cli/init/support/projects.ts';
import { blocksOf } from './project.ts';

// What docs/start says that `init` writes is what it writes, and the code of its pages compiles.

const root = join(import.meta.dirname, '../..');
const pages = {
  react: ['viteReact'],
  html: ['html'],
  next: ['nextExport'],
  astro: ['astro'],
} as const;
const textOf = (page: string) => readFileSync(join(root, 'docs/start', `${page}.md`), 'utf8');

/** The files that a page shows, wholly or in part, by their paths. */
function filesOf(page: string): [path: string, code: string][] {
  return ['ts', 'tsx', 'js', 'html', 'astro'].flatMap((language) =>
    blocksOf(textOf(page), language).map((code): [string, string] => {
      const [line = '', ...rest] = code.split('\n');
      const path = /^(?:\/\/|<!--) ([\w./-]+)/.exec(line)?.[1];
      expect(path, code).toBeDefined();
      return [path ?? '', rest.join('\n')];
    }),
  );
}

test.each(Object.entries(pages))('%s: what init writes', (page, [project]) => {
  const own = new Map(Object.entries<string>(projects[project]));
  const { changes } = planInit(own, { scripts: { 'daypass.js': '1', 'daypass-more.js': '2' } });
  const after = new Map(changes.map((change) => [change.path, change.after]));
  const shown = filesOf(page).filter(([path]) => after.has(path));
  // The page itself before the change, and after.
  const written = shown.filter(([path, code]) => after.get(path)?.includes(code.trimEnd()));
  expect(written.length).toBeGreaterThan(0);
  const others = shown.filter((file) => !written.includes(file)).map(([path]) => path);
  expect(others).toEqual(page === 'html' ? ['index.html'] : []);
  for (const name of ['netlify.toml', '.env.example', 'daypass.config.ts'])
    expect(after.has(name)).toBe(true);
});

test.each(['react', 'next'])('%s: modules and components compile, strictly', async (page) => {
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'docs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, code] of filesOf(page)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), code);
  }
  const paths = {
    daypass: [join(root, 'client/index.ts')],
    'daypass/react': [join(root, 'client/react.ts')],
  };
  const compilerOptions = { paths, jsx: 'react-jsx', module: 'esnext', moduleResolution: 'bundler' };
  const settings = { extends: '../../tsconfig.json', compilerOptions, include: ['.'], exclude: [] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';
import { makeFreshProject } from './support/freshProject.ts';

// The one option of TypeScript that the entry files need: a project that type-checks goes on doing so.

const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  strict: true,
  skipLibCheck: true,
  types: [],
};

test.each([
  ['emits nothing', { noEmit: true }, 'allowImportingTsExtensions'],
  ['emits JavaScript', { outDir: 'compiled', rootDir: '.' }, 'rewriteRelativeImportExtensions'],
])(
  'a project that %s type-checks after init, and would not without the option',
  async (_what, more, option) => {
    const project = await makeFreshProject(
      {
        files: {
          'index.html': '<script type="module" src="/src/main.ts"></script>\n',
          'src/main.ts': "document.title = 'A shop';\n",
          'package.json': JSON.stringify({ type: 'module', devDependencies: { vite: '8' } }),
          'tsconfig.json': JSON.stringify({
            compilerOptions: { ...compilerOptions, ...more },
            exclude: ['node_modules', 'compiled'],
          }),
        },
      },
      ['daypass'],
    );
    onTestFinished(() => project.remove());
    await project.daypass('init', '--yes', '--with', 'guard,identity,sweep');

    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const typeCheck = () =>
      spawnSync(process.execPath, [compiler, '-p', project.folder], { encoding: 'utf8' }).stdout;
    expect(typeCheck()).toBe('');
    const file = join(project.folder, 'tsconfig.json');
    const config = JSON.parse(await readFile(file, 'utf8'));
    expect(config.compilerOptions[option]).toBe(true);
    delete config.compilerOptions[option];
    await writeFile(file, JSON.stringify(config));
    expect(typeCheck()).toContain('error TS5097');
  },
);

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DocsProject, openDocs } from './project.ts';

// The tests that docs/testing.md shows compile, and pass.

const root = join(import.meta.dirname, '../..');
let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('testing.md');
});
afterAll(() => docs.close());

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks).toHaveLength(1);
  expect(await docs.compile()).toBe('');
});

test('the tests that are shown pass', async () => {
  const shown = docs.blocks[0] ?? '';
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'docs-'));
  try {
    const { outputFiles } = await build({
      stdin: { contents: shown, resolveDir: root, loader: 'ts' },
      alias: {
        daypass: join(root, 'client/index.ts'),
        'daypass/hono': join(root, 'src/package/hono.ts'),
        'daypass/testing': join(root, 'src/package/testing.ts'),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['import'],
      write: false,
    });
    await writeFile(join(folder, 'shown.test.mjs'), outputFiles[0]?.text ?? '');
    const { NODE_ENV: _, VITEST: __, ...env } = process.env;
    const run = spawnSync(process.execPath, ['--test', join(folder, 'shown.test.mjs')], {
      encoding: 'utf8',
      env,
    });
    expect([run.status, /^. pass (\d+)$/m.exec(run.stdout)?.[1]], run.stdout).toEqual([0, '2']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

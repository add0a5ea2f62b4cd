import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';
import { installPacked, type Packed, packPackage } from '../support/packed.ts';

// What `npm publish` would send.

interface Manifest {
  repository: { url: string; directory?: string };
  homepage: string;
  bugs: { url: string };
  keywords: string[];
  exports: Record<string, string | { types: string; default: string }>;
  dependencies: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const readManifest = (path: string): Manifest => JSON.parse(readFileSync(join(root, path), 'utf8'));
const manifest = readManifest('package.json');
const devManifest = readManifest('dev/package.json');

/** What each package holds besides its package.json, README.md and LICENSE, which npm always packs. */
const module = /^dist\/npm\/(src|client)\/[\w/]+\.(js|d\.ts)$/;
const bundle = /^dist\/(daypass(-\w+)?|cli\/daypass)\.js$/;
const document = /^(CHANGELOG\.md|SECURITY\.md|docs\/[\w/-]+\.(md|json))$/;
const packages = [
  ['daypass', manifest, [module, bundle, document]],
  ['daypass-dev', devManifest, [/^dist\/[\w/]+\.(js|d\.ts)$/]],
] as const;

/** The packages that shipped modules import, by their names. */
function importedPackages(folder: string, pattern: string): string[] {
  const names = new Set<string>();
  for (const file of globSync(pattern, { cwd: folder }).filter((each) => !bundle.test(each))) {
    const code = readFileSync(join(folder, file), 'utf8').replace(/^\s*(\/?\*|\/\/).*$/gm, '');
    for (const [, specifier = ''] of code.matchAll(/\b(?:from|import) ?\(?["']([^"'.][^"']*)["']/g)) {
      const parts = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1);
      if (!specifier.startsWith('node:')) names.add(parts.join('/'));
    }
  }
  return [...names].sort();
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-contents-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(packages)('%s', (name, { exports, dependencies, peerDependencies = {} }, expected) => {
  let packed: Packed;
  let installed: string;
  beforeAll(async () => {
    packed = await packPackage(name, folder);
    installed = await installPacked(folder, name, packed.tarball, Object.keys(peerDependencies));
  });

  test('publint finds nothing, strictly', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('its types are right wherever it can be imported', async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(packed.tarball)));
    if (!result.types) throw new Error('the package has no types');
    expect(Object.keys(result.entrypoints).sort()).toEqual(Object.keys(exports).sort());
    const problems = result.problems
      // ES modules alone: CommonJS loads them by `require` since Node 22.12, and TypeScript's `node10` knows no subpaths.
      .filter((problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'))
      .filter(({ kind }) => kind !== 'CJSResolvesToESM');
    expect(problems).toEqual([]);
  });

  test('each export names its types first', () => {
    const targets = Object.values(exports).filter((target) => target !== './package.json');
    expect(new Set(targets.map((target) => Object.keys(target).join()))).toEqual(new Set(['types,default']));
  });

  test('holds what is imported or read, and nothing else', () => {
    const always = ['LICENSE', 'README.md', 'package.json'];
    const others = packed.files.filter((file) => !always.includes(file));
    expect(others.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
    expect(packed.files).toEqual(expect.arrayContaining(always));
    for (const pattern of expected) expect(others.some((file) => pattern.test(file))).toBe(true);
  });

  test('depends on what it imports, and on nothing else', () => {
    const named = [...Object.keys(dependencies), ...Object.keys(peerDependencies)].sort();
    expect(importedPackages(installed, 'dist/**/*.js')).toEqual(named);
    // Types, too: nobody has to install what a declaration names.
    expect(importedPackages(installed, 'dist/**/*.d.ts').filter((each) => !named.includes(each))).toEqual([]);
  });
});

test('each says where it comes from', () => {
  const { repository, homepage, bugs, keywords } = manifest;
  const url = repository.url.replace(/^git\+(.*)\.git$/, '$1');
  expect([homepage, bugs.url]).toEqual([`${url}#readme`, `${url}/issues`]);
  expect(keywords).toEqual(expect.arrayContaining(['netlify', 'jwt', 'hono', 'express', 'rate-limit']));
  expect(devManifest.repository).toEqual({ ...repository, directory: 'dev' });
  expect([devManifest.homepage, devManifest.bugs.url]).toEqual([`${url}/tree/main/dev#readme`, bugs.url]);
});

test('the bin runs where nothing but the package is installed', () => {
  const bin = join(folder, 'node_modules/daypass/dist/cli/daypass.js');
  const { stdout } = spawnSync(process.execPath, [bin, '--help'], { encoding: 'utf8', cwd: folder });
  expect(stdout).toContain('daypass');
});

describe('bundlers', () => {
  const bundleText = async (contents: string, options = {}) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      format: 'esm',
      platform: 'node',
      conditions: ['import'],
      write: false,
      logLevel: 'silent',
      ...options,
    });
    return outputFiles[0]?.text ?? '';
  };

  test.each(Object.keys(manifest.exports).filter((name) => !['./testing', './package.json'].includes(name)))(
    'leave out what is not used of %s',
    async (subpath) => {
      const specifier = subpath.replace('.', 'daypass');
      expect((await bundleText(`import '${specifier}';`)).trim()).toBe('');
    },
  );

  test('keep the check that daypass/testing makes when it is loaded', async () => {
    expect(await bundleText("import 'daypass/testing';")).toContain('assertTesting("daypass/testing")');
  });

  test("keep the page's own window.GoTrue", async () => {
    const code = await bundleText("import { createSession } from 'daypass'; createSession();", {
      format: 'iife',
      platform: 'browser',
    });
    const own = {};
    const page: Record<string, unknown> = { GoTrue: own };
    page.window = page;
    page.globalThis = page;
    new Function('window', 'globalThis', code)(page, page);
    expect(page.GoTrue).toBe(own);
  });
});

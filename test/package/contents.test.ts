import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';
import { installPacked, type Packed, packDaypass } from '../support/packed.ts';

// What `npm publish` would send.

interface Manifest {
  repository: { url: string; directory?: string };
  homepage: string;
  bugs: { url: string };
  keywords: string[];
  files: string[];
  exports: Record<string, string | { types: string; default: string }>;
  dependencies: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const readManifest = (path: string): Manifest => JSON.parse(readFileSync(join(root, path), 'utf8'));
const manifest = readManifest('package.json');

let folder: string;
let packed: Packed;
let installed: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-contents-'));
  packed = await packDaypass(folder);
  await installPacked(folder, packed.tarball);
  installed = join(folder, 'node_modules/daypass');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('publint finds nothing, strictly', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('its types are right wherever it can be imported', async () => {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(packed.tarball)));
  if (!result.types) throw new Error('the package has no types');
  expect(Object.keys(result.entrypoints).sort()).toEqual(Object.keys(manifest.exports).sort());
  const problems = result.problems
    // ES modules alone: CommonJS loads them by `require` on Node 22.12 and newer, and TypeScript's `node10` knows no subpaths.
    .filter((problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'))
    .filter(({ kind }) => kind !== 'CJSResolvesToESM');
  expect(problems).toEqual([]);
});

test('each export names its types first', () => {
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (subpath === './package.json') continue;
    expect(Object.keys(target), subpath).toEqual(['types', 'default']);
  }
});

test('says where it comes from', () => {
  const { repository, homepage, bugs, keywords } = manifest;
  const url = repository.url.replace(/^git\+(.*)\.git$/, '$1');
  expect([homepage, bugs.url]).toEqual([`${url}#readme`, `${url}/issues`]);
  expect(keywords).toEqual(expect.arrayContaining(['netlify', 'jwt', 'hono', 'express', 'rate-limit']));
  const dev = readManifest('dev/package.json');
  expect(dev.repository).toMatchObject({ url: repository.url, directory: 'dev' });
});

test('the bin runs where nothing but the package is installed', () => {
  const { stdout } = spawnSync(process.execPath, [join(installed, 'dist/cli/daypass.js'), '--help'], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect(stdout).toContain('daypass');
});

test('holds what is imported or read, and nothing else', () => {
  const unexpected = packed.files.filter(
    (file) =>
      !/^(dist\/daypass(-\w+)?\.js|dist\/cli\/daypass\.js|dist\/npm\/(src|client)\/[\w/]+\.(js|d\.ts))$/.test(
        file,
      ) &&
      !/^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|docs\/[\w-]+\.(md|json))$/.test(file),
  );
  expect(unexpected).toEqual([]);
  expect(packed.files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']),
  );
});

/** The packages that the shipped modules import, by their names. */
function importedPackages(pattern: string): Set<string> {
  const names = new Set<string>();
  for (const file of globSync(pattern, { cwd: installed })) {
    const code = readFileSync(join(installed, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const [, specifier = ''] of code.matchAll(
      /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"'.][^"']*)["']/g,
    )) {
      names.add(
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    }
  }
  return names;
}

test('depends on what it imports, and on nothing else', () => {
  const used = [...importedPackages('dist/npm/**/*.js')].filter((name) => !name.startsWith('node:'));
  const peers = Object.keys(manifest.peerDependencies ?? {});
  expect(used.sort()).toEqual([...Object.keys(manifest.dependencies), ...peers].sort());
  // Types, too: nobody has to install what a declaration names.
  const inTypes = [...importedPackages('dist/npm/**/*.d.ts')].filter((name) => !name.startsWith('node:'));
  expect(inTypes.filter((name) => !used.includes(name))).toEqual([]);
});

describe('bundlers', () => {
  const bundle = async (contents: string, options = {}) => {
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
      expect((await bundle(`import '${specifier}';`)).trim()).toBe('');
    },
  );

  test('keep the check that daypass/testing makes when it is loaded', async () => {
    expect(await bundle("import 'daypass/testing';")).toContain('assertTesting("daypass/testing")');
  });

  test("keep the page's own window.GoTrue", async () => {
    const code = await bundle("import { createSession } from 'daypass'; createSession();", {
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

/** Where links of these files lead nowhere: neither to a file among them nor, by its whole URL, to one of the repository. */
function brokenLinks(files: Record<string, string>): string[] {
  const repository = `${manifest.homepage.replace('#readme', '')}/blob/main/`;
  return Object.entries(files).flatMap(([name, text]) =>
    linksOf(text)
      .filter((link) => {
        if (/^(https?|mailto):/.test(link) && !link.startsWith(repository)) return false;
        const [path = '', fragment] = link.replace(repository, '').split('#');
        const isAbsolute = link.startsWith(repository);
        const target = isAbsolute ? path : path === '' ? name : normalize(join(dirname(name), path));
        const found = isAbsolute
          ? existsSync(join(root, target)) && readFileSync(join(root, target), 'utf8')
          : (files[target] ?? packed.files.includes(target));
        if (found === undefined || found === false) return true;
        return fragment !== undefined && typeof found === 'string' && !fragmentsOf(found).includes(fragment);
      })
      .map((link) => `${name}: ${link}`),
  );
}

test('links of its pages lead to a file of the package, or are whole URLs', () => {
  const pages = packed.files.filter((file) => file.endsWith('.md'));
  const texts = Object.fromEntries(pages.map((name) => [name, readFileSync(join(installed, name), 'utf8')]));
  expect(brokenLinks(texts)).toEqual([]);
});

test('a link that leads nowhere is seen', () => {
  const text = '# A heading\n[a](#a-heading) [b](#nowhere) [c](../test) [d](docs/none.md) [e](LICENSE)';
  expect(brokenLinks({ 'README.md': text })).toEqual([
    'README.md: #nowhere',
    'README.md: ../test',
    'README.md: docs/none.md',
  ]);
});

test.each(['dev/README.md', 'python/README.md'])(
  'links of %s, which other registries show, are whole URLs',
  (name) => {
    const text = readFileSync(join(root, name), 'utf8');
    expect(linksOf(text).filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
    expect(brokenLinks({ [name]: text })).toEqual([]);
  },
);

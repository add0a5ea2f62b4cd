import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

// Imports point one way. A layer may import itself and what stands here, nothing else.
const layers: Record<string, readonly string[]> = {
  'src/protocol': [],
  'src/policy': ['src/protocol'],
  'src/token': ['src/protocol', 'jose'],
  'src/identity': ['src/protocol', 'src/token', 'jose'],
  'src/store': ['src/protocol', '@upstash/redis'],
  'src/admission': ['src/protocol', 'src/policy', 'src/identity', 'src/store', 'altcha-lib'],
  'src/paths': ['src/protocol'],
  'src/limits': ['src/protocol', 'src/policy', 'src/store', '@upstash/redis', '@upstash/ratelimit'],
  'src/broker': [
    'src/protocol',
    'src/policy',
    'src/token',
    'src/identity',
    'src/store',
    'src/admission',
    'src/limits',
  ],
  'src/gate': ['src/protocol', 'src/policy', 'src/token', 'src/store', 'src/limits', 'src/paths'],
  'src/guard': ['src/protocol', 'src/policy', 'src/limits', 'src/store', 'src/paths'],
  'src/http': [
    'src/protocol',
    'src/policy',
    'src/token',
    'src/identity',
    'src/store',
    'src/limits',
    'src/broker',
    'src/gate',
    'src/guard',
    'hono',
  ],
  'src/netlify': [
    'src/protocol',
    'src/policy',
    'src/token',
    'src/identity',
    'src/store',
    'src/admission',
    'src/limits',
    'src/broker',
    'src/gate',
    'src/guard',
    'src/http',
    // Imported where the runtime is Node, and nowhere else.
    'node:http',
    'node:https',
    'node:stream',
  ],
  'src/package': [
    'client',
    'src/protocol',
    'src/policy',
    'src/token',
    'src/identity',
    'src/http',
    'src/netlify',
  ],
  netlify: ['src/package', 'daypass.config.ts'],
  // React for its hook alone; its examples import the package by its name.
  client: ['src/protocol', 'gotrue-js', 'altcha-lib', 'react', 'daypass'],
  cli: [
    'src',
    'client',
    'package.json',
    // The types alone, which a test of its own sees to: commands load daypass-dev from the project.
    'dev/index.ts',
    '@clack/prompts',
    'jose',
    'jsonc-parser',
    'smol-toml',
    'node:',
  ],
  // A package of its own, which knows nothing of the product's inside; its examples import it by its name.
  dev: [
    'hono',
    '@hono/node-server',
    'ioredis',
    'ioredis-mock',
    'jose',
    'daypass-dev',
    '@netlify/zip-it-and-ship-it',
    'esbuild',
    'smol-toml',
    'node:',
  ],
  'demo/site': ['client', 'src/protocol'],
};

const root = join(import.meta.dirname, '..');
const importPattern =
  /^(?:import|export)\b[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

/** Not what a build has made of them, or is making just now. */
const sources = (pattern: string) => globSync(pattern, { cwd: root, exclude: ['dev/dist*'] });

function importsOf(file: string): string[] {
  // Code that the page shows stands in templates.
  const source = readFileSync(join(root, file), 'utf8').replace(/(?<=[=:>] )`[^`]*`/g, '');
  return [...source.matchAll(importPattern)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}

function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) {
    // '@upstash/redis/cloudflare' and 'hono/cors' belong to their packages.
    return specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
  }
  return relative(root, join(root, dirname(file), specifier));
}

function isInside(path: string, layer: string): boolean {
  return path === layer || path.startsWith(layer.endsWith(':') ? layer : `${layer}/`);
}

/** `file -> import` of every import of a layer that points where it may not. */
function breaches(layer: string, allowed: readonly string[]): string[] {
  return sources(`${layer}/**/*.ts`).flatMap((file) =>
    importsOf(file)
      .map((specifier) => targetOf(file, specifier))
      .filter((target) => ![layer, ...allowed].some((name) => isInside(target, name)))
      .map((target) => `${file} -> ${target}`),
  );
}

test.each(Object.entries(layers))('%s imports nothing above it', (layer, allowed) => {
  expect(sources(`${layer}/**/*.ts`)).not.toEqual([]);
  expect(breaches(layer, allowed)).toEqual([]);
});

test('the command line imports of dev the types alone', () => {
  const statements = sources('cli/**/*.ts').flatMap((file) =>
    [
      ...readFileSync(join(root, file), 'utf8').matchAll(/^import\b[^'"]*?from '[./]+\/dev\/index\.ts'/gm),
    ].map(([statement]) => statement),
  );
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((statement) => !statement.startsWith('import type '))).toEqual([]);
});

test('every folder of src is a layer', () => {
  const folders = sources('src/**/*.ts').map((file) => file.split('/').slice(0, 2).join('/'));
  expect([...new Set(folders)].sort()).toEqual(
    Object.keys(layers)
      .filter((layer) => layer.startsWith('src/'))
      .sort(),
  );
});

test('nothing of the product imports the command line, the stand-ins, the demo, the examples or the tests', () => {
  const guilty = sources('{src,client,netlify}/**/*.ts').filter((file) =>
    importsOf(file)
      .map((specifier) => targetOf(file, specifier))
      .some((target) =>
        ['cli', 'dev', 'demo', 'examples', 'test'].some((folder) => isInside(target, folder)),
      ),
  );
  expect(guilty).toEqual([]);
});

/** The files of each circle of imports, types among them: what imports the other could not be read first. */
function findCircles(pattern: string): string[] {
  const files = sources(pattern);
  const graph = new Map(
    files.map((file) => [file, importsOf(file).map((specifier) => targetOf(file, specifier))]),
  );
  const reach = (from: string) => {
    const seen = new Set<string>();
    const open = [...(graph.get(from) ?? [])];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (!seen.has(file)) open.push(...(graph.get(file) ?? []));
      seen.add(file);
    }
    return seen;
  };
  return files.filter((file) => reach(file).has(file));
}

test.each(['src/**/*.ts', 'client/**/*.ts', 'cli/**/*.ts', 'dev/**/*.ts', 'demo/**/*.ts'])(
  'no file of %s imports one that imports it',
  (pattern) => {
    expect(findCircles(pattern)).toEqual([]);
  },
);

test('a breach is seen', () => {
  expect(breaches('src/http', []).length).toBeGreaterThan(0);
});

test('every file that ARCHITECTURE.md names exists', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const named = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => name as string);
  const files = globSync(['*.ts', '{src,client,netlify,dev,demo,cli,scripts,test}/**/*.ts'], { cwd: root });
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual(
    [],
  );
});

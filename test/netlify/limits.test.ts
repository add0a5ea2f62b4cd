import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { zipFunctions } from '@netlify/zip-it-and-ship-it';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Netlify reads `config` from the source and passes over what it cannot read, without a word. So these tests look at what its
// own bundler made of it.

const root = join(import.meta.dirname, '..', '..');
const rule = { windowLimit: 3000, windowSize: 60 };

interface ManifestFunction {
  name: string;
  schedule?: string;
  trafficRules?: unknown;
  routes?: { pattern: string }[];
}

let functions: Map<string, ManifestFunction>;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-functions-'));
  const manifest = join(folder, 'manifest.json');
  await zipFunctions(join(root, 'netlify', 'functions'), folder, {
    archiveFormat: 'none',
    basePath: root,
    config: { '*': { nodeBundler: 'nft' } },
    manifest,
  });
  const built = JSON.parse(await readFile(manifest, 'utf8')) as { functions: ManifestFunction[] };
  functions = new Map(built.functions.map((each) => [each.name, each]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(['hello', 'session'])('the platform limits calls of %s by address', (name) => {
  expect(functions.get(name)?.trafficRules).toEqual({
    action: {
      type: 'rate_limit',
      config: {
        rateLimitConfig: { ...rule, algorithm: 'sliding_window' },
        aggregate: { keys: [{ type: 'ip' }, { type: 'domain' }] },
      },
    },
  });
});

test('what the platform itself calls has no limit', () => {
  const unlimited = [...functions.values()].filter(({ trafficRules }) => trafficRules === undefined);
  expect(unlimited.map(({ name }) => name).toSorted()).toEqual(['identity', 'sweep']);
});

test('the sweep has a schedule, and no address of its own', () => {
  expect(functions.get('sweep')).toMatchObject({ schedule: '@hourly' });
  expect(functions.get('sweep')?.routes).toBeUndefined();
});

test('the gate has the same limit, written out', async () => {
  const source = await readFile(join(root, 'netlify', 'edge-functions', 'gate.ts'), 'utf8');
  const [, literal] = /^export const config = (\{[^;]*\});$/m.exec(source) ?? [];
  // Nothing to refer to: what is no literal throws.
  const config = runInNewContext(`(${literal})`, {}) as { rateLimit: unknown };
  expect(JSON.parse(JSON.stringify(config))).toEqual({
    path: '/api/*',
    rateLimit: { ...rule, aggregateBy: ['ip', 'domain'] },
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { zipFunctions } from '@netlify/zip-it-and-ship-it';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultLimits } from '../src/policy/limits.ts';

// Netlify reads `config` from the source and passes over what it cannot read, without a word. So these tests look at what its
// own bundler made of it.

const root = join(import.meta.dirname, '..');
/** By entry file, each wider than the widest limit of the policy that counts the same calls. */
const rules = {
  gate: { windowLimit: 2 * defaultLimits.address.limit, windowSize: defaultLimits.address.windowSeconds },
  hello: { windowLimit: 2 * defaultLimits.address.limit, windowSize: defaultLimits.address.windowSeconds },
  session: {
    windowLimit: defaultLimits.introspection.limit,
    windowSize: defaultLimits.introspection.windowSeconds,
  },
};

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

test.each(['hello', 'session'] as const)('the platform limits calls of %s by address', (name) => {
  expect(functions.get(name)?.trafficRules).toEqual({
    action: {
      type: 'rate_limit',
      config: {
        rateLimitConfig: { ...rules[name], algorithm: 'sliding_window' },
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

test('the gate has a limit too, written out', async () => {
  const source = await readFile(join(root, 'netlify', 'edge-functions', 'gate.ts'), 'utf8');
  const [, literal] = /^export const config = (\{[^;]*\});$/m.exec(source) ?? [];
  // Nothing to refer to: what is no literal throws.
  const config = runInNewContext(`(${literal})`, {}) as { rateLimit: unknown };
  expect(JSON.parse(JSON.stringify(config))).toEqual({
    path: '/api/*',
    rateLimit: { ...rules.gate, aggregateBy: ['ip', 'domain'] },
  });
});

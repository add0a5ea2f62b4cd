import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundle } from '@netlify/edge-bundler';
import { zipFunctions } from '@netlify/zip-it-and-ship-it';

/** What Netlify's build makes of a project's functions and edge functions. */
export interface BuiltFunctions {
  /** What the platform is told of each function. */
  manifest: { name: string; patterns: string[]; schedule?: string; events?: string[] }[];
  /** A folder with the built functions, each where the dev server looks for it. */
  site: string;
  /** A folder with the bundle of the edge functions, and what in it each of them is. */
  edge: { folder: string; functions: Record<string, string> };
}

/**
 * Builds them as a deploy does, without the network. Netlify's extraction of an edge function's `config` imports types from
 * edge.netlify.com, and so tells nothing here; all else of its bundle is what would be deployed.
 * @param project its folder, with its packages
 * @param out an empty folder
 */
export async function buildFunctions(project: string, out: string): Promise<BuiltFunctions> {
  const functions = join(out, 'functions');
  await mkdir(functions, { recursive: true });
  const manifestFile = join(out, 'manifest.json');
  await zipFunctions(join(project, 'netlify/functions'), functions, {
    archiveFormat: 'none',
    basePath: project,
    repositoryRoot: project,
    manifest: manifestFile,
  });
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')).functions as ManifestFunction[];
  const site = join(out, 'site');
  for (const { name, path } of manifest) await writeEntry(site, name, path);
  return {
    manifest: manifest
      .map(({ name, routes = [], schedule, eventSubscriptions: events }) => ({
        name,
        patterns: routes.map(({ pattern }) => pattern),
        ...(schedule && { schedule }),
        ...(events && { events }),
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
    site,
    edge: await bundleEdgeFunctions(project, join(out, 'edge')),
  };
}

interface ManifestFunction {
  name: string;
  /** The folder of the built function. */
  path: string;
  routes?: { pattern: string }[];
  schedule?: string;
  eventSubscriptions?: string[];
}

/** A function of a site that is the built one, found as the entry point of the bundle finds it. */
async function writeEntry(site: string, name: string, built: string): Promise<void> {
  const entry = await readFile(join(built, '___netlify-entry-point.mjs'), 'utf8');
  const main = /getLambdaHandler\('(.+?)'\)/.exec(entry)?.[1];
  if (main === undefined) throw new Error(`${name} has no main file in ${entry}`);
  const file = join(site, 'netlify/functions', `${name}.mjs`);
  await mkdir(dirname(file), { recursive: true });
  // CommonJS hands its exports over as the default one.
  await writeFile(
    file,
    `import * as built from ${JSON.stringify(join(built, main))};
const exported = built['module.exports'] ?? built;
export default exported.default;
export const config = exported.config;
`,
  );
}

async function bundleEdgeFunctions(project: string, out: string): Promise<BuiltFunctions['edge']> {
  const [dist, vendor, folder] = ['dist', 'vendor', 'extracted'].map((name) => join(out, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [dist, vendor, folder]) await mkdir(each, { recursive: true });
  const silent = () => undefined;
  const { manifest } = await bundle([join(project, 'netlify/edge-functions')], dist, [], {
    basePath: project,
    rootPath: project,
    vendorDirectory: vendor,
    // What it runs is the `deno` of the PATH; it downloads another where that is none that it takes.
    cacheDirectory: join(out, 'cache'),
    featureFlags: { edge_bundler_generate_tarball: true },
    systemLogger: silent,
    userLogger: silent,
  } as unknown as Parameters<typeof bundle>[3]);
  const tarball = manifest?.bundles.find(({ format }) => format === 'tar');
  if (!tarball) throw new Error(`There is no tarball among ${JSON.stringify(manifest?.bundles)}`);
  execFileSync('tar', ['xzf', join(dist, tarball.asset), '-C', folder]);
  const { functions } = JSON.parse(await readFile(join(folder, '___netlify-edge-functions.json'), 'utf8'));
  return { folder, functions };
}

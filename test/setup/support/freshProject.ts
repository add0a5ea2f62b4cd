import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../scripts/bundle.ts';
import { installPacked, type PackageName, packPackage } from '../../support/packed.ts';

const run = promisify(execFile);

/** A folder of somebody else's, with packages of ours as npm would install them. */
export interface FreshProject {
  folder: string;
  /** What `npx daypass` runs. */
  bin: string;
  /** Runs `npx daypass …` in it, with the bin that was packed. */
  daypass(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** What a project has of its own, besides packages of ours. */
export interface FreshFiles {
  /** By their paths; `package.json` gets the packages as dependencies, as `npm install` writes them. */
  files: Readonly<Record<string, string>>;
  /** Packages of this checkout that it has installed, too. */
  installed?: readonly string[];
  /** A folder whose `node_modules` it has installed, too. */
  modulesOf?: string;
}

/** Makes a project out of nothing but its files and packages, ours packed. */
export async function makeFreshProject(
  { files, installed: others = [], modulesOf }: FreshFiles,
  packages: readonly PackageName[],
): Promise<FreshProject> {
  const folder = await mkdtemp(join(tmpdir(), 'daypass-fresh-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const modules = join(folder, 'node_modules');
    if (modulesOf !== undefined) await copyTree(join(modulesOf, 'node_modules'), modules);
    for (const name of others) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(root, 'node_modules', name), join(modules, name));
      await linkBins(modules, join(root, 'node_modules', name));
    }
    const dependencies: Record<string, string> = {};
    for (const name of packages) {
      const { tarball } = await packPackage(name, folder);
      const place = await installPacked(folder, name, tarball);
      if (modulesOf !== undefined && name === 'daypass') await copyDependencies(place, modules);
      await rm(tarball);
      dependencies[name] = (await linkBins(modules, place)).version;
    }
    const manifest = JSON.parse(files['package.json'] ?? '{}');
    const installed = { ...manifest, dependencies: { ...manifest.dependencies, ...dependencies } };
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(installed, null, 2)}\n`);
  } catch (error) {
    await remove();
    throw error;
  }
  const bin = join(folder, 'node_modules/.bin/daypass');
  return {
    folder,
    remove,
    daypass: async (...args) =>
      (await run('npx', ['--no-install', 'daypass', ...args], { cwd: folder })).stdout,
    bin,
  };
}

/**
 * Links a package's commands as npm does, which also makes their files ones that can be run.
 * @returns its manifest
 */
async function linkBins(modules: string, place: string): Promise<{ version: string }> {
  const manifest = JSON.parse(await readFile(join(place, 'package.json'), 'utf8'));
  await mkdir(join(modules, '.bin'), { recursive: true });
  for (const [command, file] of Object.entries<string>(manifest.bin ?? {})) {
    await chmod(join(place, file), 0o755);
    await symlink(join(place, file), join(modules, '.bin', command));
  }
  return manifest;
}

/**
 * In place of links that lead out of the project, which Turbopack does not follow: the packages on which one depends, and
 * those on which they do.
 */
async function copyDependencies(dependent: string, modules: string): Promise<void> {
  const { dependencies = {} } = JSON.parse(await readFile(join(dependent, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const target = join(modules, name);
    const isLink = (await lstat(target).catch(() => undefined))?.isSymbolicLink() ?? true;
    if (!isLink) continue;
    await rm(target, { force: true });
    await mkdir(dirname(target), { recursive: true });
    await copyTree(join(root, 'node_modules', name), target);
    await copyDependencies(target, modules);
  }
}

/** Without its caches, by links where the file system has them: some of these trees hold hundreds of megabytes. */
async function copyTree(from: string, to: string): Promise<void> {
  await run('cp', ['-al', from, to]).catch(async () => {
    await rm(to, { recursive: true, force: true });
    await run('cp', ['-a', from, to]);
  });
  await rm(join(to, 'daypass'), { recursive: true, force: true });
  await rm(join(to, '.cache'), { recursive: true, force: true });
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildCli } from '../../scripts/buildCli.ts';
import { buildClient } from '../../scripts/buildClient.ts';
import { buildDevPackage, buildPackage } from '../../scripts/buildPackage.ts';
import { root } from '../../scripts/bundle.ts';

const run = promisify(execFile);

export type PackageName = 'daypass' | 'daypass-dev';

/** Where each package stands in this repository, and how its files are built into another folder. */
const packages: Record<PackageName, { source: string; build(folder: string): Promise<unknown> }> = {
  daypass: {
    source: root,
    build: (folder) =>
      Promise.all([
        buildClient(),
        buildPackage(join(folder, 'dist/npm')),
        buildCli(join(folder, 'dist/cli/daypass.js')),
      ]),
  },
  'daypass-dev': {
    source: join(root, 'dev'),
    build: (folder) => buildDevPackage(join(folder, 'dist')),
  },
};

/** A package as `npm pack` makes it. */
export interface Packed {
  /** The .tgz file. */
  tarball: string;
  /** Its files, relative to the package, sorted. */
  files: string[];
}

/**
 * Packs an npm package, built now, as a release would. It is built in a folder of its own: another test may be reading `dist`.
 * @param folder where the .tgz goes
 */
export async function packPackage(name: PackageName, folder: string): Promise<Packed> {
  const { source, build } = packages[name];
  await mkdir(join(root, 'dist'), { recursive: true });
  const stage = await mkdtemp(join(root, 'dist/pack-'));
  try {
    await build(stage);
    const { files } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { files: string[] };
    for (const file of ['package.json', 'README.md', 'LICENSE', ...files]) {
      if (!existsSync(join(stage, file)))
        await cp(join(source, file), join(stage, file), { recursive: true });
    }
    const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', ['pack', ...options], { cwd: stage });
    const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
    if (!packed) throw new Error(`npm pack printed ${stdout}`);
    return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/**
 * Installs a packed file into a project without a registry: what it depends on is that of this checkout.
 * @param peers which of the package's peer dependencies the project has
 * @returns the folder of the installed package
 */
export async function installPacked(
  project: string,
  name: PackageName,
  tarball: string,
  peers: string[] = [],
): Promise<string> {
  const modules = join(project, 'node_modules');
  const installed = join(modules, name);
  await mkdir(installed, { recursive: true });
  await run('tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const dependency of [...Object.keys(dependencies), ...peers]) {
    const target = join(modules, dependency);
    await mkdir(join(target, '..'), { recursive: true });
    if (!existsSync(target)) await symlink(join(root, 'node_modules', dependency), target);
  }
  return installed;
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildCli } from '../../scripts/buildCli.ts';
import { buildClient } from '../../scripts/buildClient.ts';
import { buildPackage } from '../../scripts/buildPackage.ts';
import { root } from '../../scripts/bundle.ts';

const run = promisify(execFile);

/** A package as `npm pack` makes it. */
export interface Packed {
  /** The .tgz file. */
  tarball: string;
  /** Its files, relative to the package, sorted. */
  files: string[];
}

/**
 * Packs the npm package `daypass`, built now, as a release would. It is built apart from `dist`, which another test may be reading.
 * @param folder where the .tgz goes
 */
export async function packDaypass(folder: string): Promise<Packed> {
  await mkdir(join(root, 'dist'), { recursive: true });
  const stage = await mkdtemp(join(root, 'dist/pack-'));
  try {
    const { files } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] };
    await Promise.all([
      buildClient(),
      buildPackage(join(stage, 'dist/npm')),
      buildCli(join(stage, 'dist/cli/daypass.js')),
    ]);
    for (const name of ['package.json', 'README.md', 'LICENSE', ...files]) {
      if (!existsSync(join(stage, name))) await cp(join(root, name), join(stage, name), { recursive: true });
    }
    return await pack(stage, folder);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** @param source the package's folder, its files built */
async function pack(source: string, folder: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: source,
  });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error(`npm pack printed ${stdout}`);
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
}

/**
 * Installs a packed file into a project without a registry: what it depends on is that of this checkout.
 * @param peers which of the package's peer dependencies the project has
 */
export async function installPacked(project: string, tarball: string, peers: string[] = []): Promise<void> {
  const modules = join(project, 'node_modules');
  const installed = join(modules, 'daypass');
  await mkdir(installed, { recursive: true });
  await run('tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), ...peers]) {
    const target = join(modules, name);
    await mkdir(join(target, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), target);
  }
}

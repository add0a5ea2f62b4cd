import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { installPacked, type PackageName, packPackage } from '../../support/packed.ts';

/** A folder of somebody else's, with packages of ours as npm would install them. */
export interface FreshProject {
  folder: string;
  /** Runs `npx daypass …` in it, with the bin that was packed. */
  daypass(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Makes a project out of nothing but its files and packed packages.
 * @param files by their paths; `package.json` gets the packages as dependencies, as `npm install` writes them
 */
export async function makeFreshProject(
  files: Readonly<Record<string, string>>,
  packages: readonly PackageName[],
): Promise<FreshProject> {
  const folder = await mkdtemp(join(tmpdir(), 'daypass-fresh-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const dependencies: Record<string, string> = {};
    for (const name of packages) {
      const { tarball } = await packPackage(name, folder);
      await installPacked(folder, name, tarball);
      await rm(tarball);
      const { version } = JSON.parse(
        await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'),
      );
      dependencies[name] = version;
    }
    const manifest = JSON.parse(files['package.json'] ?? '{}');
    const installed = { ...manifest, dependencies: { ...manifest.dependencies, ...dependencies } };
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(installed, null, 2)}\n`);
  } catch (error) {
    await remove();
    throw error;
  }
  const bin = join(folder, 'node_modules/daypass/dist/cli/daypass.js');
  return {
    folder,
    remove,
    daypass: async (...args) =>
      (await promisify(execFile)(process.execPath, [bin, ...args], { cwd: folder })).stdout,
  };
}

import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder, from this one upwards, that holds a package.json. */
export function findPackage(directory: string): string | undefined {
  for (let folder = realpathSync(directory); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Deno looks an edge function's packages up from the working directory, not from the file that imports them.
 *
 * @throws Error when this process works in another package than the project's
 */
export function checkWorkingDirectory(projectRoot: string): void {
  const wanted = findPackage(projectRoot);
  if (wanted === undefined) throw new Error(`There is no package.json in ${projectRoot} or above it.`);
  if (findPackage(process.cwd()) !== wanted) {
    throw new Error(
      `Edge functions find their packages from the working directory: start this in ${wanted}.`,
    );
  }
}

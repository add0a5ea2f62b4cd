import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './bundle.ts';

/**
 * Builds the npm package: JavaScript and types, file by file.
 * @param folder where; what it held is gone
 * @throws Error with the compiler's messages
 */
export async function buildPackage(folder = join(root, 'dist/npm')): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = [compiler, '-p', 'tsconfig.build.json', '--outDir', folder];
  const run = promisify(execFile)(process.execPath, options, { cwd: root });
  await run.catch(({ stdout, message }: Error & { stdout?: string }) => {
    throw new Error(stdout || message);
  });
}

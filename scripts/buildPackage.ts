import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './bundle.ts';

/**
 * Builds `dist/npm`, the npm package: JavaScript and types, file by file.
 * @throws Error with the compiler's messages
 */
export async function buildPackage(): Promise<void> {
  await rm(join(root, 'dist/npm'), { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root });
  await run.catch(({ stdout, message }: Error & { stdout?: string }) => {
    throw new Error(stdout || message);
  });
}

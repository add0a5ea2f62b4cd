import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './bundle.ts';

/**
 * Builds the npm package `daypass`: JavaScript and types, file by file.
 * @param folder where; what it held is gone
 * @throws Error with the compiler's messages
 */
export async function buildPackage(folder = join(root, 'dist/npm')): Promise<void> {
  await compile('tsconfig.build.json', folder);
}

/**
 * Builds the npm package `daypass-dev`, in the same form.
 * @param folder where; what it held is gone
 * @throws Error with the compiler's messages
 */
export async function buildDevPackage(folder = join(root, 'dev/dist')): Promise<void> {
  // npm packs a licence only from the folder of the package itself.
  await Promise.all([
    compile('dev/tsconfig.json', folder),
    copyFile(join(root, 'LICENSE'), join(root, 'dev/LICENSE')),
  ]);
}

async function compile(project: string, folder: string): Promise<void> {
  // Next to it, and put in its place when it is whole: others may be packing or importing what is there.
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = [compiler, '-p', project, '--outDir', draft];
  const run = promisify(execFile)(process.execPath, options, { cwd: root });
  try {
    await run.catch(({ stdout, message }: Error & { stdout?: string }) => {
      throw new Error(stdout || message);
    });
    await replaceFolder(folder, draft);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function replaceFolder(folder: string, draft: string): Promise<void> {
  const old = `${draft}-old`;
  await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
    // Another build of the same sources was quicker.
    if (error.code !== 'ENOTEMPTY') throw error;
  });
  await rm(old, { recursive: true, force: true });
}

// `npm pack -w daypass-dev` builds it first.
if (import.meta.main && process.argv[2] === 'dev') await buildDevPackage();

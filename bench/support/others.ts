import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MissingProgram } from './bench.ts';

/**
 * Installs what others have made, by the lock of its folder: no first `npm ci` needs it.
 * @param folder of `bench`, with a package.json
 * @returns the folder, and what loads a CommonJS package from it
 * @throws {MissingProgram} npm cannot have them
 */
export async function installOthers(folder: string): Promise<{ path: string; require: NodeJS.Require }> {
  const path = join(import.meta.dirname, '..', folder);
  const lock = await readFile(join(path, 'package-lock.json'), 'utf8');
  const stamp = join(path, 'node_modules', '.installed-lock');
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== lock) {
    const npm = spawn('npm', ['ci'], { cwd: path, stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
    let said = '';
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(npm, 'close').catch(() => [1]);
    if (code !== 0)
      throw new MissingProgram(`npm ci failed in bench/${folder}: ${said.trim().split('\n')[0]}`);
    await writeFile(stamp, lock);
  }
  return { path, require: createRequire(join(path, 'package.json')) };
}

/** The version of a package that was installed. */
export async function versionOf(path: string, name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(path, 'node_modules', name, 'package.json'), 'utf8'));
  return `${name} ${version}`;
}

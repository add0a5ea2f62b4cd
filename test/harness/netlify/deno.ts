import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const remedy =
  'Netlify runs edge functions on it. Install with `npm ci`, and start through npm, ' +
  'which puts node_modules/.bin on the PATH.';

/** The range of @netlify/edge-functions-dev, `^2.2.4`: for any other the emulator downloads a Deno of its own. */
function isAccepted(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major === 2 && (minor > 2 || (minor === 2 && patch >= 4));
}

function firstOnPath(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(join(folder, 'deno'));
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

export interface Deno {
  readonly path: string;
  readonly version: string;
}

/**
 * Makes sure that the emulator will find a Deno that it accepts, so that it downloads none.
 *
 * @throws Error that says what to do, when `deno` is missing from the PATH, too old or too new, or half installed
 */
export async function findDeno(): Promise<Deno> {
  const path = firstOnPath();
  if (path === undefined) throw new Error(`There is no \`deno\` on the PATH. ${remedy}`);
  // Without its install script the package is a Node program that starts Deno, and would leave it running.
  if (path.endsWith('.cjs')) {
    throw new Error(
      'The install script of the package `deno` has not run: `npm rebuild deno --ignore-scripts=false`.',
    );
  }
  let version: string | undefined;
  try {
    const { stdout } = await promisify(execFile)(path, ['--version']);
    version = /^deno (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch (cause) {
    throw new Error(`The \`deno\` on the PATH (${path}) does not run. ${remedy}`, { cause });
  }
  if (version === undefined || !isAccepted(version)) {
    throw new Error(
      `The \`deno\` on the PATH (${path}) is ${version ?? 'of no known version'}, and Netlify's emulator ` +
        `takes 2.2.4 or a later 2.x. ${remedy}`,
    );
  }
  return { path, version };
}

/**
 * Netlify's emulator lets Deno listen on every interface, and there whoever reaches the port can have any module
 * imported with all permissions. Deno binds to what DENO_SERVE_ADDRESS says instead, which must name the port;
 * the emulator picks that late and tells it in the last argument, so a script in between reads it from there.
 *
 * @param folder an empty folder for the script
 * @param deno path of the real program
 * @returns a PATH on which `deno` is that script
 */
export async function keepDenoLocal(folder: string, deno: string): Promise<string> {
  const quoted = `'${deno.replaceAll("'", "'\\''")}'`;
  const script = `#!/bin/sh
for last; do :; done
port=\${last#*\\"denoPort\\":}
DENO_SERVE_ADDRESS="tcp:127.0.0.1:\${port%%[!0-9]*}"
export DENO_SERVE_ADDRESS
exec ${quoted} "$@"
`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'deno'), script, { mode: 0o755 });
  return [folder, process.env.PATH].join(delimiter);
}

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

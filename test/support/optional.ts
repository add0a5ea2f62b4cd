import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Parts that a machine may lack, and what to do about it. */
const parts = {
  'redis-server': 'put redis-server on the PATH or set REDIS_URL',
  chromium: 'put chromium on the PATH or set CHROMIUM_PATH',
  openssl: 'put openssl on the PATH',
  python3: 'put python3 on the PATH',
  'python 3.10': 'put python3 of 3.10 or newer on the PATH',
  'go 1.23': 'put go of 1.23 or newer on the PATH',
  'cargo 1.88': 'put cargo of 1.88 or newer on the PATH',
  'jdk 17 with mvn': 'put javac of 17 or newer, and mvn, on the PATH',
  express: 'run npm ci in test/express',
  next: 'run npm ci in test/frameworks/next',
  astro: 'run npm ci in test/frameworks/astro',
  sveltekit: 'run npm ci in test/frameworks/sveltekit',
  'vitest with jsdom and happy-dom': 'run npm ci in test/frameworks/vitest',
  visits: 'run npm ci in test/visits',
  'libraries of pages': 'run npm ci in test/compat',
  schemathesis: 'set DAYPASS_TEST_ALL=1, and have python3 of 3.10 or newer install it',
} as const;

export type OptionalPart = keyof typeof parts;

/** Parts of which only a newer version will do: the programs that they need, and the first one's oldest version. */
const toolchains: Partial<Record<OptionalPart, { programs: string[]; ask: string; oldest: number[] }>> = {
  'python 3.10': { programs: ['python3'], ask: '--version', oldest: [3, 10] },
  'go 1.23': { programs: ['go'], ask: 'version', oldest: [1, 23] },
  'cargo 1.88': { programs: ['cargo'], ask: '--version', oldest: [1, 88] },
  'jdk 17 with mvn': { programs: ['javac', 'mvn'], ask: '-version', oldest: [17] },
};

/** Parts that npm installs, in a folder of their own with a lock: no reader's first `npm ci` needs them. */
const npmFolders: Partial<Record<OptionalPart, string>> = {
  express: join(import.meta.dirname, '..', 'express'),
  next: join(import.meta.dirname, '..', 'frameworks', 'next'),
  astro: join(import.meta.dirname, '..', 'frameworks', 'astro'),
  sveltekit: join(import.meta.dirname, '..', 'frameworks', 'sveltekit'),
  'vitest with jsdom and happy-dom': join(import.meta.dirname, '..', 'frameworks', 'vitest'),
  visits: join(import.meta.dirname, '..', 'visits'),
  'libraries of pages': join(import.meta.dirname, '..', 'compat'),
};

/**
 * Installs what the folder's lock names, where everything is asked for and it is not there. Elsewhere first: two files of tests may come here at once, and
 * each would take away what the other has half done.
 */
function isInstalled(folder: string): boolean {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const modules = join(folder, 'node_modules');
  const isThere = () => {
    const stamp = join(modules, '.installed-lock');
    return existsSync(stamp) && readFileSync(stamp).equals(lock);
  };
  if (isThere()) return true;
  // Some hundred megabytes: nobody's first `npm test` waits for them.
  if (process.env.DAYPASS_TEST_ALL !== '1') return existsSync(modules);
  const dist = join(import.meta.dirname, '..', '..', 'dist');
  mkdirSync(dist, { recursive: true });
  const aside = mkdtempSync(join(dist, 'npm-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(aside, name));
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: aside, timeout: 300_000 });
    if (npm.status !== 0) {
      console.warn(`npm ci failed in ${folder}:\n${npm.stderr}`);
      return false;
    }
    writeFileSync(join(aside, 'node_modules', '.installed-lock'), lock);
    if (!isThere()) {
      rmSync(modules, { recursive: true, force: true });
      renameSync(join(aside, 'node_modules'), modules);
    }
    return true;
  } catch (error) {
    // Another was quicker.
    if (isThere()) return true;
    throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** The path of a program, or undefined when the PATH has none of that name. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** Whether this machine has the part. */
export function isPresent(part: OptionalPart): boolean {
  if (part === 'redis-server' && process.env.REDIS_URL) return true;
  if (part === 'chromium' && process.env.CHROMIUM_PATH) return true;
  // pip fetches it, with forty packages more.
  if (part === 'schemathesis') return process.env.DAYPASS_TEST_ALL === '1';
  const folder = npmFolders[part];
  if (folder) return isInstalled(folder);
  const toolchain = toolchains[part];
  if (!toolchain) return findProgram(part) !== undefined;
  const { programs, ask, oldest } = toolchain;
  return programs.every(findProgram) && isAtLeast(versionOf(programs[0] as string, ask), oldest);
}

function versionOf(program: string, ask: string): number[] {
  const { stdout, stderr } = spawnSync(program, [ask], { encoding: 'utf8' });
  const version = /\d+(\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? '0';
  return version.split('.').map(Number);
}

function isAtLeast(version: readonly number[], oldest: readonly number[]): boolean {
  const different = oldest.findIndex((number, index) => number !== (version[index] ?? 0));
  return different === -1 || (version[different] ?? 0) > (oldest[different] as number);
}

/** What the reporter prints for a suite that was skipped for want of a part. */
export function remedyFor(part: string): string {
  return parts[part as OptionalPart] ?? 'see the test';
}

/**
 * `describe` for tests that need an optional part. Without the part the suite is skipped, and the reporter
 * says why; under DAYPASS_TEST_ALL=1 it runs all the same, so that a missing part is a failure.
 */
export function describeWith(part: OptionalPart): (title: string, body: () => void) => void {
  const skip = !isPresent(part) && process.env.DAYPASS_TEST_ALL !== '1';
  return (title, body) => {
    describe.skipIf(skip)(`${title} [needs ${part}]`, body);
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { buildPackage } from '../../scripts/buildPackage.ts';
import { root } from '../../scripts/bundle.ts';

/** Puts the package, built anew, into projects beside this file, as npm would install it. */
export async function installPackage(...projects: string[]): Promise<void> {
  await mkdir(join(root, 'dist'), { recursive: true });
  const packed = await mkdtemp(join(root, 'dist/package-'));
  try {
    await buildPackage(join(packed, 'dist/npm'));
    await cp(join(root, 'package.json'), join(packed, 'package.json'));
    for (const project of projects) {
      const installed = join(import.meta.dirname, project, 'node_modules/daypass');
      await rm(installed, { recursive: true, force: true });
      await cp(packed, installed, { recursive: true });
    }
  } finally {
    await rm(packed, { recursive: true, force: true });
  }
}

/**
 * Runs a program of a project's modules, no longer than the test that asks for it. It reaches this machine alone, as tests do.
 * @param program such as `next/dist/bin/next`
 * @returns its exit code, and all that it printed
 */
export async function run(
  project: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const folder = join(import.meta.dirname, project);
  const guard = pathToFileURL(join(root, 'test/support/closedNetwork.ts')).href;
  // What Vitest sets for its tests would have theirs, and their builds, in test mode.
  const { NODE_ENV: _, VITEST: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(folder, 'node_modules', program), ...args], {
    cwd: folder,
    env: {
      ...inherited,
      NODE_OPTIONS: `--import=${guard}`,
      NEXT_TELEMETRY_DISABLED: '1',
      ASTRO_TELEMETRY_DISABLED: '1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill());
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { OptionalPart } from './optional.ts';

const root = join(import.meta.dirname, '..', '..');

/** A program under `examples/verify` that verifies tokens with another library. */
export interface Language {
  name: string;
  part?: OptionalPart;
  /** Fetches and builds what the program needs, into `dist` and the caches of its package manager. */
  prepare(): Promise<void>;
  /** Runs it over files of vectors. */
  check(files: string[]): Promise<Outcome>;
  /** Runs the tests of what stands beside the verifier, where there is more. */
  test?(): Promise<Outcome>;
}

interface Outcome {
  status: number | string;
  output: string;
}

function sourceOf(name: string): string {
  return join(root, 'examples', 'verify', name);
}

function buildOf(name: string): string {
  return join(root, 'dist', 'verify', name);
}

function run(file: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({
        status: error ? (error.code ?? String(error.signal)) : 0,
        output: stripVTControlCharacters(stdout + stderr),
      });
    });
  });
}

async function mustRun(...command: Parameters<typeof run>): Promise<void> {
  const { status, output } = await run(...command);
  if (status !== 0) throw new Error(`${command[0]} ended with ${status}:\n${output}`);
}

/** Copies the sources to where they are built: nothing that a tool leaves behind reaches the tree. */
async function copy(name: string): Promise<void> {
  await rm(join(buildOf(name), 'src'), { recursive: true, force: true });
  await cp(sourceOf(name), buildOf(name), { recursive: true, preserveTimestamps: true });
}

function pythonOf(environment: string): string {
  return join(environment, 'bin', 'python');
}

const python: Language = {
  name: 'python',
  part: 'python 3.10',
  async prepare() {
    const folder = buildOf('python');
    await mkdir(folder, { recursive: true });
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--requirement',
      join(sourceOf('python'), 'requirements.txt'),
    ];
    if ((await run(pythonOf(folder), install, folder)).status === 0) return;
    await mustRun('python3', ['-m', 'venv', '--clear', folder], folder);
    await mustRun(pythonOf(folder), install, folder);
  },
  check: (files) =>
    run(pythonOf(buildOf('python')), ['-B', 'check_vectors.py', ...files], sourceOf('python')),
};

const node: Language = {
  name: 'node',
  async prepare() {},
  check: (files) => run(process.execPath, ['check-vectors.js', ...files], sourceOf('node')),
};

const go: Language = {
  name: 'go',
  part: 'go 1.23',
  prepare: () => mustRun('go', ['vet', '.'], sourceOf('go')),
  check: (files) => run('go', ['run', '-buildvcs=false', '-mod=readonly', '.', ...files], sourceOf('go')),
  test: () => run('go', ['test', '-buildvcs=false', '-mod=readonly', '-v', '.'], sourceOf('go')),
};

const rust: Language = {
  name: 'rust',
  part: 'cargo 1.88',
  async prepare() {
    await copy('rust');
    await mustRun('cargo', ['build', '--quiet'], buildOf('rust'));
  },
  check: (files) => run('cargo', ['run', '--quiet', '--', ...files], buildOf('rust')),
};

const java: Language = {
  name: 'java',
  part: 'jdk 17 with mvn',
  prepare: () => copy('java'),
  check(files) {
    const goals = ['compile', 'exec:java', `-Dexec.args=${files.join(' ')}`];
    return run('mvn', ['--quiet', '--batch-mode', ...goals], buildOf('java'));
  },
};

export const languages: readonly Language[] = [python, node, go, rust, java];

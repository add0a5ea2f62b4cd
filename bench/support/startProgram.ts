import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BenchContext, MissingProgram } from './bench.ts';
import { mark, type Usage } from './programs/serve.ts';
import { versionOf } from './report.ts';

const root = join(import.meta.dirname, '..', '..');

export type Runtime = 'Node' | 'Deno';

export interface ProgramOptions {
  /** Default `Node`. */
  runtime?: Runtime;
  variables?: Record<string, string>;
}

/** A server in a process of its own. */
export interface Program {
  url: string;
  /** What it reported in addition to its URL. */
  details: Readonly<Record<string, string>>;
  /** Every other line that it wrote to standard output: the gate's log. */
  logged: readonly string[];
  usage(): Promise<Usage>;
}

const commands: Record<Runtime, readonly string[]> = {
  Node: [process.execPath],
  Deno: ['deno', 'run', '-A', '--no-lock', '--node-modules-dir=manual'],
};

/**
 * Starts a file of `programs/` and waits until it serves. It ends with the bench, and however this process ends.
 * @throws {MissingProgram} the runtime is not there
 * @throws Error when it ends before it serves, with what it wrote
 */
export async function startProgram(
  { defer }: BenchContext,
  file: 'gate' | 'proxy' | 'upstream' | 'redis',
  { runtime = 'Node', variables = {} }: ProgramOptions = {},
): Promise<Program> {
  const [command, ...args] = commands[runtime] as [string, ...string[]];
  const path = join(import.meta.dirname, 'programs', `${file}.ts`);
  const child = spawn(command, [...args, path], {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Deno warns of this and that; it is worth reading where the program fails.
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const ended = new Promise<Error>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? new MissingProgram(`${command} is not on the PATH`) : error),
    );
    child.once('close', (code) =>
      resolve(new Error(`The program ${file} on ${runtime} ended with ${code}: ${errors}`)),
    );
  });
  const failed = ended.then((error) => Promise.reject(error));
  failed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  defer(async () => {
    child.stdin.end();
    await ended;
  });

  const logged: string[] = [];
  const answers: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith(mark)) answers.shift()?.(line.slice(mark.length));
    else logged.push(line);
  });
  const nextAnswer = async () => {
    const answer = new Promise<string>((resolve) => answers.push(resolve));
    return JSON.parse(await Promise.race([answer, failed]));
  };

  const { url, ...details } = (await nextAnswer()) as { url: string } & Record<string, string>;
  return {
    url,
    details,
    logged,
    usage() {
      child.stdin.write('usage\n');
      return nextAnswer() as Promise<Usage>;
    },
  };
}

/** @throws {MissingProgram} it is not on the PATH */
export function requireProgram(name: string): void {
  if (versionOf(name, /^(.+)/) === undefined) throw new MissingProgram(`${name} is not on the PATH`);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
// Types alone: the package is loaded from the project, where it is installed.
import type { openEventFunction, startDevSession } from '../../dev/index.ts';
import { askConfirm } from '../ask.ts';
import { CommandError, UsageError } from '../command.ts';
import type { Io } from '../output.ts';

/** What of `daypass-dev` is used here. */
export interface DevPackage {
  startDevSession: typeof startDevSession;
  openEventFunction: typeof openEventFunction;
}

export interface LoadOptions {
  /** Of this package: both are made to go together. */
  version: string;
  /** Whether to add it without a question. */
  yes: boolean;
  io: Io;
  /** The command that needs it. Default: `daypass dev`. */
  neededBy?: string;
  /** Files from which it is looked for, too. Default: this one, since both may be installed for the whole machine. */
  alsoFrom?: readonly string[];
}

/**
 * Loads `daypass-dev` from a project, and adds it to the project's development dependencies first where it is missing.
 * @throws {UsageError} it is missing, and there is no terminal to ask at: with the line that adds it
 * @throws {CommandError} `dev_package_missing`: it could not be added
 */
export async function loadDevPackage(
  folder: string,
  { version, yes, io, neededBy = 'daypass dev', alsoFrom = [import.meta.filename] }: LoadOptions,
): Promise<DevPackage> {
  const found = findDevPackage([join(folder, 'package.json'), ...alsoFrom]);
  const { entry, manifest: file } = found ?? (await add(folder, { version, yes, io, neededBy }));
  const manifest: { version?: string } = JSON.parse(readFileSync(file, 'utf8'));
  if (manifest.version !== version) {
    io.writeError(
      `daypass-dev is ${manifest.version}, and daypass is ${version}: update one of them if something does not work.\n`,
    );
  }
  return import(pathToFileURL(entry).href);
}

interface Found {
  entry: string;
  manifest: string;
}

/** As Node resolves it from each of the files. */
function findDevPackage(files: readonly string[]): Found | undefined {
  for (const from of files) {
    try {
      const entry = createRequire(from).resolve('daypass-dev');
      return { entry, manifest: join(dirname(entry), '../package.json') };
    } catch {
      // not from there
    }
  }
  return undefined;
}

async function add(
  folder: string,
  { version, yes, io, neededBy }: { version: string; yes: boolean; io: Io; neededBy: string },
): Promise<Found> {
  const command = addCommand(folder, `daypass-dev@${version}`);
  const line = command.join(' ');
  if (!yes) {
    if (!io.isInteractive) {
      throw new UsageError(`${neededBy} needs the package daypass-dev. Add it: ${line}, or say --yes.`);
    }
    const message = `${neededBy} needs the package daypass-dev. Add it with ${line}?`;
    if (!(await askConfirm(io, { message, flag: '--yes', initialValue: true }))) {
      throw new CommandError('dev_package_missing', `${neededBy} needs the package daypass-dev: ${line}`);
    }
  }
  io.writeError(`${line}\n`);
  const code = await run(command, folder, io);
  const found = findDevPackage([join(folder, 'package.json')]);
  if (code === 0 && found) return found;
  throw new CommandError('dev_package_missing', `${line} ended with ${code}, and daypass-dev is not there.`);
}

async function run(
  [program = '', ...args]: readonly string[],
  cwd: string,
  io: Io,
): Promise<number | string> {
  const isWindows = process.platform === 'win32';
  const child = spawn(program, args, {
    cwd,
    env: { ...io.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: isWindows,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => io.writeError(text));
  }
  try {
    const [code] = await once(child, 'close');
    return code ?? 'a signal';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'an error';
  }
}

/** With the package manager whose lock file is nearest. */
function addCommand(folder: string, name: string): string[] {
  const managers: readonly (readonly [string, readonly string[]])[] = [
    ['package-lock.json', ['npm', 'install', '--save-dev']],
    ['pnpm-lock.yaml', ['pnpm', 'add', '--save-dev']],
    ['yarn.lock', ['yarn', 'add', '--dev']],
    ['bun.lock', ['bun', 'add', '--dev']],
    ['bun.lockb', ['bun', 'add', '--dev']],
  ];
  for (let at = folder; ; at = dirname(at)) {
    const manager = managers.find(([lock]) => existsSync(join(at, lock)));
    if (manager) return [...manager[1], name];
    if (dirname(at) === at) return ['npm', 'install', '--save-dev', name];
  }
}

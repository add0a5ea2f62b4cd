import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import {
  access,
  chmod,
  constants,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { CommandError } from '../command.ts';
import type { Change, Note } from './draft.ts';
import type { Scripts } from './page.ts';
import { findSites, inFolder, type ProjectFiles } from './project.ts';

/** Folders that hold nothing of a site's source: what is installed, and what is built. */
const skipped =
  /^(node_modules|dist|build|out|_site|\.git|\.netlify|\.next|\.astro|\.turbo|\.venv|venv|coverage|vendor)$/;

/** Files that decide something: by name, or by what they may import. */
const read =
  /^(package\.json|pnpm-workspace\.yaml|tsconfig.*\.json|netlify\.toml|_redirects|\.gitignore|\.env\.example|\.nvmrc|\.node-version|daypass[\w-]*\.js|.*\.(html|astro|svelte|vue|[cm]?[jt]sx?))$/;

/** Files of which only the name matters. */
const named = /^(pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|package-lock\.json)$/;

const maxBytes = 1024 * 1024;
const maxDepth = 8;

/** A repository on disk. */
export interface Project {
  /** Its folder. */
  readonly root: string;
  /** The folder in it in which the command was called, when that is a site; else `''`. */
  readonly here: string;
  readonly files: ProjectFiles;
  /** Those that are not UTF-8: their text is good enough to look at, and would lose bytes if it were written. */
  readonly notUtf8: ReadonlySet<string>;
}

type Found = Pick<Project, 'files' | 'notUtf8'>;

/**
 * Reads what `planInit` needs to know: all below a folder and, when the folder is a site in a larger repository, what lies at
 * the repository's root, such as lock files and `netlify.toml`.
 */
export async function openProject(folder: string): Promise<Project> {
  const own = await readFiles(folder);
  const root = findRepository(folder);
  if (root === folder || !findSites(own.files).includes('')) return { root: folder, here: '', ...own };
  const here = relative(root, folder).split(sep).join('/');
  const around = await readFiles(root, 0);
  const below = [...own.files].map(([path, text]) => [inFolder(here, path), text] as const);
  return {
    root,
    here,
    files: new Map([...around.files, ...below]),
    notUtf8: new Set([...around.notUtf8, ...[...own.notUtf8].map((path) => inFolder(here, path))]),
  };
}

/** The nearest folder above that Git knows as a repository; the folder itself where there is none. */
function findRepository(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return folder;
  }
}

/** `undefined` in place of a file or folder that this user may not read, or that is gone. */
async function orUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (['EACCES', 'EPERM', 'ENOENT', 'ELOOP'].includes(error.code ?? '')) return undefined;
    throw error;
  });
}

async function readFiles(root: string, deepest = maxDepth): Promise<Found> {
  const files = new Map<string, string>();
  const notUtf8 = new Set<string>();
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = (await orUnreadable(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
    for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
      const path = inFolder(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.test(entry.name) && depth < deepest) await visit(path, depth + 1);
      } else if (named.test(entry.name)) {
        files.set(path, '');
      } else if (read.test(entry.name)) {
        // Follows links, as the framework does.
        const found = await orUnreadable(stat(join(root, path)));
        if (!found?.isFile() || found.size > maxBytes) continue;
        const bytes = await orUnreadable(readFile(join(root, path)));
        if (bytes === undefined) continue;
        files.set(path, bytes.toString('utf8'));
        if (!isUtf8(bytes)) notUtf8.add(path);
      }
    }
  };
  await visit('', 0);
  return { files, notUtf8 };
}

/** A plan without the changes of files that are not UTF-8; a note on each in their place. */
export function leaveNotUtf8<Plan extends { changes: readonly Change[]; notes: readonly Note[] }>(
  plan: Plan,
  notUtf8: Project['notUtf8'],
): Plan {
  const left = plan.changes.filter(({ path }) => notUtf8.has(path));
  return {
    ...plan,
    changes: plan.changes.filter((change) => !left.includes(change)),
    notes: [
      ...plan.notes,
      ...left.map(({ path }) => ({
        id: 'by_hand' as const,
        path,
        message: 'It is not UTF-8, and stays as it is. Save it as UTF-8 and run init again.',
      })),
    ],
  };
}

/** What is written to disk; a test hands in one that fails. */
export type WriteFile = (path: string, text: string) => Promise<void>;

const write: WriteFile = async (path, text) => {
  await mkdir(dirname(path), { recursive: true });
  // The file itself where a link leads to it.
  const target = await realpath(path).catch(() => path);
  const mode = (await stat(target).catch(() => undefined))?.mode;
  // Whoever reads it, and a disk that is full, find the whole file of before or the whole new one.
  const written = `${target}.daypass-${process.pid}`;
  try {
    await writeFile(written, text, { flag: 'wx' });
    if (mode !== undefined) await chmod(written, mode & 0o7777);
    await rename(written, target);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
};

/**
 * Writes the changes, all that can be written. A file that has changed since it was read, or that has come into being, is left
 * as it is.
 * @throws {CommandError} `not_written`: names each file that could not be written, and why
 */
export async function writeChanges(
  root: string,
  changes: readonly Change[],
  writeOne: WriteFile = write,
): Promise<void> {
  const problems: string[] = [];
  for (const { path, before, after } of changes) {
    const target = join(root, path);
    try {
      const present = await readFile(target).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      const isAsRead = before === undefined ? present === undefined : present?.equals(Buffer.from(before));
      if (!isAsRead) {
        problems.push(`${path}: it has changed meanwhile`);
        continue;
      }
      if (present !== undefined) await access(target, constants.W_OK);
      await writeOne(target, after);
    } catch (error) {
      problems.push(`${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
    }
  }
  if (problems.length > 0) {
    throw new CommandError(
      'not_written',
      `Not written: ${problems.join('; ')}. The rest is. Run init again when they can be written.`,
    );
  }
}

/**
 * The files of the script tag.
 * @param folders where they may be: next to the bin in the package, in `dist` of a checkout
 * @throws {CommandError} `not_built`: they are nowhere
 */
export async function readScripts(folders: readonly string[]): Promise<Scripts> {
  for (const folder of folders) {
    const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);
    const [script, more] = [await read('daypass.js'), await read('daypass-more.js')];
    if (script !== undefined && more !== undefined) return { 'daypass.js': script, 'daypass-more.js': more };
  }
  throw new CommandError(
    'not_built',
    'daypass.js is missing in the package: install it again, or run npm run build.',
  );
}

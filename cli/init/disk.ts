import { existsSync } from 'node:fs';
import { access, constants, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { CommandError } from '../command.ts';
import type { Change } from './draft.ts';
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
}

/**
 * Reads what `planInit` needs to know: all below a folder and, when the folder is a site in a larger repository, what lies at
 * the repository's root, such as lock files and `netlify.toml`.
 */
export async function openProject(folder: string): Promise<Project> {
  const files = await readFiles(folder);
  const root = findRepository(folder);
  if (root === folder || !findSites(files).includes('')) return { root: folder, here: '', files };
  const here = relative(root, folder).split(sep).join('/');
  const below = [...files].map(([path, text]) => [inFolder(here, path), text] as const);
  return { root, here, files: new Map([...(await readFiles(root, 0)), ...below]) };
}

/** The nearest folder above that Git knows as a repository; the folder itself where there is none. */
function findRepository(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return folder;
  }
}

async function readFiles(root: string, deepest = maxDepth): Promise<ProjectFiles> {
  const files = new Map<string, string>();
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
      const path = inFolder(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.test(entry.name) && depth < deepest) await visit(path, depth + 1);
      } else if (named.test(entry.name)) {
        files.set(path, '');
      } else if (read.test(entry.name)) {
        // Follows links, as the framework does.
        const size = (await stat(join(root, path)).catch(() => undefined))?.size ?? Number.POSITIVE_INFINITY;
        if (size <= maxBytes) files.set(path, await readFile(join(root, path), 'utf8'));
      }
    }
  };
  await visit('', 0);
  return files;
}

/** What is written to disk; a test hands in one that fails. */
export type WriteFile = (path: string, text: string) => Promise<void>;

const write: WriteFile = async (path, text) => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
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
      const present = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (present !== before) {
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

import { CommandError } from '../command.ts';

/** What `init` knows of a repository: the text of its files by their paths, which are relative to it and spelled with `/`. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** A path in a folder of the repository; `''` is the repository itself. */
export function inFolder(folder: string, path: string): string {
  return folder === '' || path === '' ? folder + path : `${folder}/${path}`;
}

/** A path without `./`, and without a slash at its end; the folder itself is `''`. */
export function trimPath(path: string): string {
  const trimmed = path.replaceAll('\\', '/').replace(/^(\.?\/)+|\/+$/g, '');
  return trimmed === '.' ? '' : trimmed;
}

/** The kinds of site that `init` tells apart. */
export type SiteKind = 'html' | 'vite' | 'next' | 'next-export' | 'astro' | 'sveltekit' | 'other';

/** A site in a repository, and how it is built. */
export interface Site {
  readonly kind: SiteKind;
  /** What people call it. */
  readonly name: string;
  /** Its folder; `''` where it is the whole repository. */
  readonly folder: string;
  /** The folder that is published, relative to the site's; undefined where it cannot be known. */
  readonly publish: string | undefined;
  /** The build command; undefined where nothing is built. */
  readonly command: string | undefined;
  readonly isTypeScript: boolean;
}

/** What of a `package.json` matters here. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  /** Globs of a monorepo's packages. */
  readonly workspaces: readonly string[];
}

/**
 * Reads the `package.json` of a folder.
 * @returns undefined where there is none
 * @throws {CommandError} `unreadable_file`: it is not JSON
 */
export function readManifest(files: ProjectFiles, folder: string): Manifest | undefined {
  const path = inFolder(folder, 'package.json');
  const text = files.get(path);
  if (text === undefined) return undefined;
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, '')) ?? {};
  } catch (error) {
    throw new CommandError('unreadable_file', `${path} is not JSON: ${(error as Error).message}`);
  }
  const record = (value: unknown) => ({ ...(value as Record<string, string> | undefined) });
  const { workspaces } = json as { workspaces?: string[] | { packages?: string[] } };
  return {
    dependencies: { ...record(json.devDependencies), ...record(json.dependencies) },
    scripts: record(json.scripts),
    workspaces: Array.isArray(workspaces)
      ? workspaces
      : (workspaces?.packages ?? pnpmWorkspaces(files, folder)),
  };
}

/** The list `packages` of a `pnpm-workspace.yaml`. */
function pnpmWorkspaces(files: ProjectFiles, folder: string): string[] {
  const text = files.get(inFolder(folder, 'pnpm-workspace.yaml')) ?? '';
  const list = /^packages:[^\S\n]*\r?\n((?:[^\S\n]*(?:-.*|#.*)?\r?\n?)*)/m.exec(text)?.[1] ?? '';
  return [...list.matchAll(/^\s*-\s*['"]?([^'"#\s]+)/gm)].map(([, glob = '']) => glob);
}

/**
 * The folders of a repository that hold a site: the repository itself, packages of its workspaces, or, where it is neither,
 * folders in it.
 */
export function findSites(files: ProjectFiles): string[] {
  const isFramework = (folder: string) => !['html', undefined].includes(detectKind(files, folder));
  const workspaces = readManifest(files, '')?.workspaces ?? [];
  const folders = foldersOf(files, 'package.json').filter((folder) => folder !== '');
  const packages =
    workspaces.length > 0
      ? folders.filter((folder) => isWorkspace(workspaces, folder))
      : folders.filter((folder) => folder.split('/').length <= 2);
  const root = isFramework('') ? [''] : [];
  if (root.length > 0 && workspaces.length === 0) return root;
  const found = [...root, ...packages.filter(isFramework)];
  if (found.length > 0) return found;
  if (detectKind(files, '') !== undefined) return [''];
  // A backend's repository may hold the pages in a folder without a package.json.
  return foldersOf(files, 'index.html')
    .map((folder) => folder.replace(htmlFolderAtEnd, ''))
    .filter((folder, index, all) => folder !== '' && all.indexOf(folder) === index)
    .filter((folder) => !folder.includes('/'));
}

/** The folders that hold a file of that name, shortest first. */
function foldersOf(files: ProjectFiles, name: string): string[] {
  const paths = [...files.keys()].filter((path) => path === name || path.endsWith(`/${name}`));
  const folders = paths.map((path) => path.slice(0, -name.length).replace(/\/$/, ''));
  return folders.toSorted((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b));
}

function isWorkspace(globs: readonly string[], folder: string): boolean {
  const matches = (glob: string) => {
    const pattern = glob
      .replace(/^\.?\/|\/$/g, '')
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*\*\/?|\*/g, (stars) => (stars === '*' ? '[^/]+' : '.*'));
    return new RegExp(`^${pattern}$`).test(folder);
  };
  const isLeftOut = globs.some((glob) => glob.startsWith('!') && matches(glob.slice(1)));
  return !isLeftOut && globs.some((glob) => !glob.startsWith('!') && matches(glob));
}

/** Where plain pages are looked for, in this order. */
const htmlFolders = ['', 'public', 'site', 'www', 'static', 'docs', 'src'];
const htmlFolderAtEnd = new RegExp(`(^|/)(${htmlFolders.filter(Boolean).join('|')})$`);

/** Frameworks whose pages `init` does not know its way around in. */
const otherFrameworks: Readonly<Record<string, string>> = {
  '@angular/core': 'Angular',
  nuxt: 'Nuxt',
  gatsby: 'Gatsby',
  'react-scripts': 'Create React App',
  '@react-router/dev': 'React Router',
  '@remix-run/react': 'Remix',
  '@solidjs/start': 'SolidStart',
  '@builder.io/qwik': 'Qwik',
  webpack: 'webpack',
  parcel: 'Parcel',
};

function detectKind(files: ProjectFiles, folder: string): SiteKind | undefined {
  const has = (pattern: RegExp) => findFile(files, folder, pattern) !== undefined;
  const { dependencies = {} } = readManifest(files, folder) ?? {};
  if ('next' in dependencies && has(/^(next\.config\.\w+|(src\/)?(app|pages)\/.+)$/)) {
    return /\boutput\s*:\s*['"`]export['"`]/.test(configOf(files, folder, 'next')) ? 'next-export' : 'next';
  }
  if ('astro' in dependencies && has(/^(astro\.config\.\w+|src\/pages\/.+)$/)) return 'astro';
  if ('@sveltejs/kit' in dependencies && has(/^(svelte\.config\.\w+|vite\.config\.\w+|src\/routes\/.+)$/)) {
    return 'sveltekit';
  }
  if (Object.keys(otherFrameworks).some((name) => name in dependencies)) return 'other';
  if ('vite' in dependencies && has(/^(vite\.config\.\w+|index\.html)$/)) return 'vite';
  return htmlFolder(files, folder) === undefined ? undefined : 'html';
}

/** The first file of a folder whose path in it matches. */
export function findFile(files: ProjectFiles, folder: string, pattern: RegExp): string | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  for (const path of files.keys()) {
    if (path.startsWith(prefix) && pattern.test(path.slice(prefix.length))) return path;
  }
  return undefined;
}

/** The text of `next.config.ts` and its kin, without comments; empty where there is none. */
function configOf(files: ProjectFiles, folder: string, name: string): string {
  const path = findFile(files, folder, new RegExp(`^${name}\\.config\\.[cm]?[jt]s$`));
  const text = (path === undefined ? undefined : files.get(path)) ?? '';
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');
}

function htmlFolder(files: ProjectFiles, folder: string): string | undefined {
  return htmlFolders.find((name) => files.has(inFolder(inFolder(folder, name), 'index.html')));
}

/**
 * Reads what kind of site a folder holds.
 * @param publish what `netlify.toml` says
 * @throws {CommandError} `no_site`: it holds none
 */
export function readSite(files: ProjectFiles, folder: string, publish?: string): Site {
  const kind = detectKind(files, folder);
  if (kind === undefined) {
    const where = folder === '' ? 'this folder' : folder;
    throw new CommandError(
      'no_site',
      `There is no site in ${where}: no index.html, and no package.json with Vite, Next, Astro or SvelteKit. Name the site's folder with --project.`,
      { exitCode: 64 },
    );
  }
  const manifest = readManifest(files, folder);
  return {
    kind,
    name: nameOf(kind, manifest),
    folder,
    publish: publish ?? publishOf(files, folder, kind),
    command: buildCommand(files, folder, kind, manifest),
    isTypeScript: files.has(inFolder(folder, 'tsconfig.json')),
  };
}

function nameOf(kind: SiteKind, manifest: Manifest | undefined): string {
  const dependencies = manifest?.dependencies ?? {};
  const library = Object.entries({
    react: 'React',
    vue: 'Vue',
    svelte: 'Svelte',
    preact: 'Preact',
    'solid-js': 'Solid',
  });
  const [, used] = library.find(([name]) => name in dependencies) ?? [];
  switch (kind) {
    case 'html':
      return 'plain HTML';
    case 'vite':
      return used ? `Vite with ${used}` : 'Vite';
    case 'next':
      return 'Next.js';
    case 'next-export':
      return 'Next.js, static export';
    case 'astro':
      return 'Astro';
    case 'sveltekit':
      return 'SvelteKit';
    case 'other':
      return Object.entries(otherFrameworks).find(([name]) => name in dependencies)?.[1] ?? 'a bundler';
  }
}

function publishOf(files: ProjectFiles, folder: string, kind: SiteKind): string | undefined {
  const set = (config: string, name: string) =>
    new RegExp(`\\b${name}\\s*:\\s*['"\`](?:\\./)?([^'"\`]+?)/?['"\`]`).exec(
      configOf(files, folder, config),
    )?.[1];
  switch (kind) {
    case 'html':
      return htmlFolder(files, folder) || '.';
    case 'vite':
      return set('vite', 'outDir') ?? 'dist';
    case 'next':
      return set('next', 'distDir') ?? '.next';
    case 'next-export':
      return set('next', 'distDir') ?? 'out';
    case 'astro':
      return set('astro', 'outDir') ?? 'dist';
    case 'sveltekit':
      return set('svelte', 'pages') ?? set('vite', 'pages') ?? 'build';
    case 'other':
      return undefined;
  }
}

function buildCommand(
  files: ProjectFiles,
  folder: string,
  kind: SiteKind,
  manifest: Manifest | undefined,
): string | undefined {
  if (manifest?.scripts.build !== undefined) return `${packageManager(files, folder)} run build`;
  const programs: Partial<Record<SiteKind, string>> = {
    vite: 'npx vite build',
    next: 'npx next build',
    'next-export': 'npx next build',
    astro: 'npx astro build',
    sveltekit: 'npx vite build',
  };
  return programs[kind];
}

/** The package manager whose lock file there is, in the site's folder or above it. */
export function packageManager(files: ProjectFiles, folder: string): 'npm' | 'pnpm' | 'yarn' | 'bun' {
  for (const place of folder === '' ? [''] : [folder, '']) {
    if (files.has(inFolder(place, 'pnpm-lock.yaml'))) return 'pnpm';
    if (files.has(inFolder(place, 'yarn.lock'))) return 'yarn';
    if (['bun.lock', 'bun.lockb'].some((name) => files.has(inFolder(place, name)))) return 'bun';
    if (files.has(inFolder(place, 'package-lock.json'))) return 'npm';
  }
  return 'npm';
}

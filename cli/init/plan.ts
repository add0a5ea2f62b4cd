import { UsageError } from '../command.ts';
import { type Change, Draft, type Note } from './draft.ts';
import { draftEntries, type Extra, functionFolders } from './entries.ts';
import { mergeToml, parseToml, type Setting, valueAt } from './netlifyToml.ts';
import { draftPage, type Scripts } from './page.ts';
import { findSites, inFolder, type ProjectFiles, readManifest, readSite, type Site } from './project.ts';
import { draftEnvExample, draftGitignore, draftTsConfig } from './settingsFiles.ts';

/** What `init` has to be told. */
export interface InitAnswers {
  /** The site's folder in the repository. Default: the only one that has a site. */
  readonly project?: string | undefined;
  /** The backend's URL, for `.env.example`. Default: unknown. */
  readonly upstream?: string | undefined;
  /** The path under which the page calls the backend. Default: `/api/`. */
  readonly apiPrefix?: string | undefined;
  /** Entry files besides session and gate. Default: guard and sweep. */
  readonly extras?: readonly Extra[] | undefined;
  /** The files of the script tag, by their names. */
  readonly scripts?: Scripts | undefined;
}

/** What `init` would do. */
export interface InitPlan {
  readonly site: Site;
  /** With a slash at both ends. */
  readonly apiPrefix: string;
  readonly upstream: string | undefined;
  /** Whether the package is among the site's dependencies. */
  readonly isInstalled: boolean;
  readonly changes: readonly Change[];
  readonly notes: readonly Note[];
}

export const defaultExtras: readonly Extra[] = ['guard', 'sweep'];

/**
 * Plans what a project needs. Touches nothing: the plan follows from the files and the answers alone, and a plan of what it
 * has led to is empty.
 * @throws {UsageError} an answer is malformed, or the repository holds several sites and none is named
 * @throws {CommandError} `no_site`: there is none; `unreadable_file`: a file that would be edited cannot be parsed
 * @example
 * ```ts
 * import { planInit } from './plan.ts';
 *
 * const { changes } = planInit(new Map([['index.html', '<script src="app.js"></script>']]), {});
 * ```
 */
export function planInit(files: ProjectFiles, answers: InitAnswers): InitPlan {
  const folder = chooseSite(files, answers.project);
  const upstream = checkUpstream(answers.upstream);
  const prefix = checkApiPrefix(answers.apiPrefix ?? '/api/');
  const toml = tomlPath(files, folder);
  const document = parseToml(files.get(toml) ?? '', toml);
  const publish = valueAt(document, ['build', 'publish']);
  const site = readSite(files, folder, typeof publish === 'string' ? trimPath(publish) : undefined);
  const draft = new Draft(files);

  const folders = functionFolders(document);
  draftEntries(draft, files, site, folders, { prefix, extras: answers.extras ?? defaultExtras });
  draftToml(draft, files, site, toml);
  draftPage({ draft, files, site, prefix }, answers.scripts ?? {});
  draftTsConfig(draft, files, site);
  draftEnvExample(draft, site, upstream ?? findProxy(files, folder, prefix));
  draftGitignore(draft, site);
  noteRoutes(draft, files, site, prefix, toml);
  const manifest = readManifest(files, folder) ?? readManifest(files, '');
  return {
    site,
    apiPrefix: prefix,
    upstream,
    isInstalled: manifest !== undefined && 'daypass' in manifest.dependencies,
    changes: draft.changes,
    notes: draft.notes,
  };
}

/**
 * @returns the site's folder
 * @throws {UsageError} there are several
 */
function chooseSite(files: ProjectFiles, project: string | undefined): string {
  if (project !== undefined) return trimPath(project);
  const sites = findSites(files);
  if (sites.length > 1) {
    const named = sites.map((site) => site || '.').join(', ');
    throw new UsageError(`There are several sites here: ${named}. Name one with --project.`);
  }
  return sites[0] ?? '';
}

/** A path without `./`, and without a slash at its end; the folder itself is `''`. */
export function trimPath(path: string): string {
  const trimmed = path.replaceAll('\\', '/').replace(/^(\.?\/)+|\/+$/g, '');
  return trimmed === '.' ? '' : trimmed;
}

/**
 * @returns it with a slash at both ends
 * @throws {UsageError} it is no prefix that the gate could have
 */
export function checkApiPrefix(text: string): string {
  const prefix = `/${text.replace(/^\/+|\/?\*?$/g, '')}/`;
  if (!/^\/[\w.~-]+(\/[\w.~-]+)*\/$/.test(prefix) || /\/\.{1,2}\//.test(prefix)) {
    throw new UsageError(`--api-prefix must be a path such as /api/, not ${JSON.stringify(text)}.`);
  }
  if (/^\/(session|\.netlify|\.well-known)\//.test(prefix)) {
    throw new UsageError(
      `--api-prefix must leave ${prefix} to Daypass and Netlify: choose another, such as /api/.`,
    );
  }
  return prefix;
}

/**
 * @returns the URL without a slash at its end
 * @throws {UsageError} it is no URL of a backend
 */
export function checkUpstream(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw new UsageError(
      '--upstream must be the URL of your backend, such as https://backend.example.com, without credentials and query.',
    );
  }
  return url.href.replace(/\/+$/, '');
}

/** The `netlify.toml` of a site: its own, but where that of the repository names the site's folder as its base. */
function tomlPath(files: ProjectFiles, folder: string): string {
  const own = inFolder(folder, 'netlify.toml');
  const root = files.get('netlify.toml');
  if (folder === '' || files.has(own) || root === undefined) return own;
  const base = valueAt(parseToml(root), ['build', 'base']);
  return typeof base === 'string' && trimPath(base) === folder ? 'netlify.toml' : own;
}

/** The Node that functions and build need, where nothing else says it. */
const nodeVersion = '22';

function draftToml(draft: Draft, files: ProjectFiles, site: Site, path: string): void {
  const { command, publish } = site;
  const versionFile = ['.nvmrc', '.node-version']
    .flatMap((name) => [inFolder(site.folder, name), name])
    .find((name) => files.has(name));
  const settings: Setting[] = [];
  if (command !== undefined) settings.push({ path: ['build', 'command'], value: command });
  if (publish !== undefined) settings.push({ path: ['build', 'publish'], value: publish });
  if (versionFile === undefined) {
    settings.push({ path: ['build', 'environment', 'NODE_VERSION'], value: nodeVersion });
  } else {
    noteNodeVersion(draft, versionFile, (files.get(versionFile) ?? '').trim());
  }
  const { text, kept, unplaced } = mergeToml(files.get(path), settings);
  draft.write(path, text);
  for (const { path: keys, value, present } of kept) {
    const key = keys.join('.');
    if (keys.at(-1) === 'NODE_VERSION') noteNodeVersion(draft, path, String(present));
    // A command of one's own, and another spelling of the same folder, are as good.
    else if (key === 'build.publish' && trimPath(String(present)) !== trimPath(value)) {
      draft.note(
        'kept_setting',
        path,
        `${key} stays ${JSON.stringify(present)}; init would have said ${value}.`,
      );
    }
  }
  for (const { path: keys, value } of unplaced) {
    draft.note('by_hand', path, `Add ${keys.join('.')} = ${JSON.stringify(value)}.`);
  }
}

function noteNodeVersion(draft: Draft, path: string, version: string): void {
  const [, major, minor] = /^v?(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  if (major === undefined) return;
  const isTooOld = Number(major) < 22 || (Number(major) === 22 && minor !== undefined && Number(minor) < 12);
  if (isTooOld) draft.note('node_version', path, `Daypass needs Node 22.12 or newer; this says ${version}.`);
}

interface Redirect {
  from?: unknown;
  to?: unknown;
}

/** Rules of `netlify.toml` and `_redirects` that lead from a path under the prefix to another server. */
function proxies(
  files: ProjectFiles,
  folder: string,
  prefix: string,
): { path: string; rule: string; to: URL }[] {
  const toml = tomlPath(files, folder);
  const listed = valueAt(parseToml(files.get(toml) ?? '', toml), ['redirects']);
  const rules = (Array.isArray(listed) ? (listed as Redirect[]) : []).map(({ from, to }) => ({
    path: toml,
    from,
    to,
  }));
  const inFolderOf = folder === '' ? '' : `${folder}/`;
  for (const [path, text] of files) {
    if (!path.startsWith(inFolderOf) || !/(^|\/)_redirects$/.test(path)) continue;
    for (const line of text.split(/\r?\n/)) {
      const [from, to] = line.trim().split(/\s+/);
      rules.push({ path, from, to });
    }
  }
  return rules.flatMap(({ path, from, to }) =>
    typeof from === 'string' &&
    typeof to === 'string' &&
    from.startsWith(prefix) &&
    /^https?:\/\//.test(to) &&
    URL.canParse(to)
      ? [{ path, rule: from, to: new URL(to) }]
      : [],
  );
}

/**
 * The backend to which the site's redirects lead already: what init suggests.
 * @param prefix with a slash at both ends
 */
export function findProxy(files: ProjectFiles, folder: string, prefix: string): string | undefined {
  // `/api/*` to `https://b.example/v1/:splat` has another path at the backend, which the gate keeps as it is.
  return proxies(files, folder, prefix).find(({ to }) => to.pathname.startsWith(prefix))?.to.origin;
}

/** Notes what else of the site answers under the prefix. */
function noteRoutes(draft: Draft, files: ProjectFiles, site: Site, prefix: string, toml: string): void {
  for (const { path, rule, to } of proxies(files, site.folder, prefix)) {
    const isSame = to.pathname.startsWith(prefix);
    draft.note(
      'route_taken',
      path,
      `The gate answers ${rule} before this redirect to ${to.origin}, which can go.${isSame ? '' : ` It keeps the path: ${prefix}… stays ${prefix}… at the backend, where this redirect has ${to.pathname}.`}`,
    );
  }
  const edges = valueAt(parseToml(files.get(toml) ?? '', toml), ['edge_functions']);
  for (const edge of Array.isArray(edges) ? (edges as { path?: unknown; function?: unknown }[]) : []) {
    if (typeof edge.path !== 'string' || edge.function === 'gate') continue;
    if (`${edge.path}/`.startsWith(prefix)) {
      draft.note(
        'route_taken',
        toml,
        `The edge function ${String(edge.function)} runs at ${edge.path} before the gate: what it answers itself needs no pass.`,
      );
    }
  }
  const own = new RegExp(`^(?:src/)?(?:app|pages|routes)${prefix}`);
  const folder = site.folder === '' ? '' : `${site.folder}/`;
  const handler = [...files.keys()].find(
    (path) => path.startsWith(folder) && own.test(path.slice(folder.length)),
  );
  if (handler !== undefined) {
    draft.note(
      'route_taken',
      handler,
      `The gate answers everything under ${prefix}, so this is no longer reached. Another --api-prefix leaves it alone.`,
    );
  }
}

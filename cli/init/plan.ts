import { UsageError } from '../command.ts';
import { type Change, Draft, type Note } from './draft.ts';
import { draftEntries, type Extra, functionFolders } from './entries.ts';
import { draftToml, findToml, parseToml, valueAt } from './netlifyToml.ts';
import { draftPage, type Scripts } from './page.ts';
import { findSites, type ProjectFiles, readManifest, readSite, type Site, trimPath } from './project.ts';
import { findProxy, noteRoutes } from './routes.ts';
import { draftEnvExample, draftGitignore, draftTsConfig } from './settingsFiles.ts';

/** What `init` needs to know. */
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
  const toml = findToml(files, folder);
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

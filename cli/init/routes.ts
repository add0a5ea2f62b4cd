import type { Draft } from './draft.ts';
import { findToml, parseToml, valueAt } from './netlifyToml.ts';
import type { ProjectFiles, Site } from './project.ts';

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
  const toml = findToml(files, folder);
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
export function noteRoutes(
  draft: Draft,
  files: ProjectFiles,
  site: Site,
  prefix: string,
  toml: string,
): void {
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

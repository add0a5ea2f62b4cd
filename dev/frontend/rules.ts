/** A redirect or rewrite of a site. */
export interface Redirect {
  /** A path with `:name` for a segment, and `*` at its end for any text. */
  readonly from: string;
  /** A path of the site, or a URL; `:name` and `:splat` stand for what `from` has matched. */
  readonly to: string;
  /** 200 answers with what is at `to`, 404 too but says 404; 301, 302, 303, 307 and 308 send the caller there. */
  readonly status: number;
  /** Whether it holds also where there is a file. */
  readonly isForced: boolean;
  /** Parameters that the request must have: a value, or `:name` for any. */
  readonly query: Readonly<Record<string, string>>;
  /** Whether it depends on what only Netlify knows of a caller. */
  readonly isConditional: boolean;
}

/** Header fields of the files under a path. */
export interface HeaderRule {
  readonly path: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** A redirect that takes a request, with what its placeholders stand for filled in. */
export interface Match {
  redirect: Redirect;
  to: string;
}

/** The first redirect that takes a URL, as Netlify takes the first. */
export function matchRedirect(redirects: readonly Redirect[], url: URL): Match | undefined {
  for (const redirect of redirects) {
    const values = matchOne(redirect, url);
    if (values) return { redirect, to: fillIn(redirect, values, url) };
  }
  return undefined;
}

function matchOne({ from, query }: Redirect, url: URL): Record<string, string> | undefined {
  // A whole URL as `from` is for one of several domains of a site.
  const isOfDomain = /^https?:\/\//.test(from);
  if (isOfDomain && new URL(from).host !== url.host) return undefined;
  const values = matchPath(isOfDomain ? new URL(from).pathname : from, url.pathname);
  if (!values) return undefined;
  for (const [name, wanted] of Object.entries(query)) {
    const value = url.searchParams.get(name);
    if (value === null) return undefined;
    if (wanted.startsWith(':')) values[wanted.slice(1)] = encodeURIComponent(value);
    else if (wanted !== value) return undefined;
  }
  return values;
}

/** With and without a slash at the end, a path is the same to Netlify. */
function matchPath(pattern: string, pathname: string): Record<string, string> | undefined {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(pathname);
  const values: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (segment === '*' && index === wanted.length - 1) {
      return { ...values, splat: given.slice(index).join('/') };
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(':')) values[segment.slice(1)] = value;
    else if (segment !== value) return undefined;
  }
  return given.length === wanted.length ? values : undefined;
}

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '');

function fillIn({ to, query }: Redirect, values: Record<string, string>, url: URL): string {
  const filled = to.replace(/:([a-zA-Z]\w*)/g, (whole, name: string) => values[name] ?? whole);
  const isQueryUsed = to.includes('?') || Object.keys(query).length > 0;
  return isQueryUsed ? filled : filled + url.search;
}

/** The fields that a site sets for a path, of all rules that match. */
export function headersFor(rules: readonly HeaderRule[], pathname: string): [string, string][] {
  return rules.flatMap(({ path, fields }) =>
    matchPath(path, pathname) ? fields.map(([name, value]): [string, string] => [name, value]) : [],
  );
}

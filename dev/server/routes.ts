/** What of a function's `config` says which requests it takes. */
export interface RouteConfig {
  path?: string | readonly string[];
  excludedPath?: string | readonly string[];
  method?: string | readonly string[];
}

/** The requests that a function takes, in a form that passes between threads. */
export interface Routes {
  paths: readonly string[];
  excludedPaths: readonly string[];
  /** In upper case; empty for all. */
  methods: readonly string[];
}

/** @param byName the path of a function whose config names none */
export function readRoutes(config: RouteConfig, byName?: string): Routes {
  const paths = list(config.path);
  return {
    paths: paths.length === 0 && byName !== undefined ? [byName] : paths,
    excludedPaths: list(config.excludedPath),
    methods: list(config.method).map((method) => method.toUpperCase()),
  };
}

/**
 * Matches a request as Netlify does: `*` is any text, `:name` one segment.
 * @returns what the path's wildcards stand for; undefined where the routes do not take the request
 */
export function matchRoutes(
  { paths, excludedPaths, methods }: Routes,
  { method, pathname }: { method: string; pathname: string },
): Record<string, string> | undefined {
  if (methods.length > 0 && !methods.includes(method)) return undefined;
  if (excludedPaths.some((path) => compile(path).test(pathname))) return undefined;
  for (const path of paths) {
    const match = compile(path).exec(pathname);
    if (match) return paramsOf(path, match);
  }
  return undefined;
}

const wildcards = /\*|:(\w+)/g;
const compiled = new Map<string, RegExp>();

function compile(path: string): RegExp {
  const known = compiled.get(path);
  if (known) return known;
  const literals = path.split(/\*|:\w+/).map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const groups = [...path.matchAll(wildcards)].map(([text]) => (text === '*' ? '(.*)' : '([^/]+)'));
  const source = literals.map((text, index) => text + (groups[index] ?? '')).join('');
  const pattern = new RegExp(`^${source}$`);
  compiled.set(path, pattern);
  return pattern;
}

/** As URLPattern names them: a wildcard without a name goes by its number. */
function paramsOf(path: string, [, ...values]: RegExpExecArray): Record<string, string> {
  let number = 0;
  const names = [...path.matchAll(wildcards)].map(([, name]) => name ?? String(number++));
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

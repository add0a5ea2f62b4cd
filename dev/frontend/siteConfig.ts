import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { readHeaderRules, readRedirectRules } from './ruleFiles.ts';
import type { HeaderRule, Redirect } from './rules.ts';

/** What of a site's `netlify.toml`, `_redirects` and `_headers` says how it is served. */
export interface SiteConfig {
  /** The published folder, absolute. */
  publish: string;
  /** The folders of functions and of edge functions, absolute. */
  functions: string;
  edgeFunctions: string;
  /** Edge functions whose paths are declared in `netlify.toml`: those of their own `config` hold in addition. */
  edgeRoutes: readonly { name: string; path: string; excludedPaths: readonly string[] }[];
  redirects: readonly Redirect[];
  headers: readonly HeaderRule[];
  /** `[build.environment]` and `[context.dev.environment]`. */
  environment: Readonly<Record<string, string>>;
  /** `command` and `targetPort` of `[dev]`. */
  dev: { command: string | undefined; targetPort: number | undefined };
  /** What is not served as Netlify would, for people. */
  notes: readonly string[];
}

type Table = Readonly<Record<string, unknown>>;

/**
 * Reads how a site is served (docs.netlify.com, "File-based configuration").
 * @param publish in place of the folder that `netlify.toml` names
 * @throws {Error} `netlify.toml` is no TOML, with the line
 */
export function readSiteConfig(root: string, publish?: string): SiteConfig {
  const toml = readToml(join(root, 'netlify.toml'));
  const build = table(toml.build);
  const functions = table(toml.functions);
  const dev = table(toml.dev);
  const contextOfDev = table(table(toml.context).dev);
  const folder = join(root, text(build.base) ?? '', text(dev.publish) ?? text(build.publish) ?? '.');
  const published = publish ?? folder;
  const redirects = [
    ...readRedirectRules(readText(join(published, '_redirects'))),
    ...tables(toml.redirects).flatMap(toRedirect),
  ];
  const conditional = redirects.filter((redirect) => redirect.isConditional);
  return {
    publish: published,
    functions: join(root, text(functions.directory) ?? text(build.functions) ?? 'netlify/functions'),
    edgeFunctions: join(root, text(build.edge_functions) ?? 'netlify/edge-functions'),
    edgeRoutes: tables(toml.edge_functions).flatMap((each) => {
      const [name, path] = [text(each.function), text(each.path)];
      return name && path ? [{ name, path, excludedPaths: texts(each.excludedPath) }] : [];
    }),
    redirects: redirects.filter((redirect) => !redirect.isConditional),
    headers: [
      ...readHeaderRules(readText(join(published, '_headers'))),
      ...tables(toml.headers).flatMap(toHeaderRule),
    ],
    environment: Object.fromEntries(
      Object.entries({ ...table(build.environment), ...table(contextOfDev.environment) }).map(
        ([name, value]) => [name, String(value)],
      ),
    ),
    dev: {
      command: text(dev.command),
      targetPort: typeof dev.targetPort === 'number' ? dev.targetPort : undefined,
    },
    notes: conditional.map(
      ({ from }) =>
        `The redirect of ${from} depends on country, language, role or a cookie: it is not followed here.`,
    ),
  };
}

function readToml(file: string): Table {
  try {
    return parse(readText(file));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

const readText = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function toRedirect(entry: Table): Redirect[] {
  const from = text(entry.from);
  const to = text(entry.to) ?? from;
  if (from === undefined || to === undefined) return [];
  const status = typeof entry.status === 'number' ? entry.status : 301;
  const conditions = table(entry.conditions);
  return [
    {
      from,
      to,
      status,
      isForced: entry.force === true,
      query: Object.fromEntries(
        Object.entries(table(entry.query)).map(([name, value]) => [name, `${value}`]),
      ),
      isConditional: Object.keys(conditions).length > 0,
    },
  ];
}

function toHeaderRule(entry: Table): HeaderRule[] {
  const path = text(entry.for);
  if (path === undefined) return [];
  const fields = Object.entries(table(entry.values)).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value),
  ]);
  return [{ path, fields }];
}

function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

const tables = (value: unknown): Table[] => (Array.isArray(value) ? value.map(table) : []);
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const texts = (value: unknown) => [value].flat().flatMap((each) => text(each) ?? []);

/** The entries of a folder of functions or edge functions, by name: `name.ts`, `name/index.ts` or `name/name.ts`. */
export async function listEntries(folder: string): Promise<{ name: string; path: string }[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return found
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .flatMap((item) => {
      const name = item.name.replace(/\.[mc]?[jt]s$/, '');
      if (/^[._]/.test(name) || /\.(test|spec|d)$/.test(name)) return [];
      const file = item.isDirectory() ? entryOfFolder(folder, name) : name !== item.name && item.name;
      return file ? [{ name, path: join(folder, file) }] : [];
    });
}

function entryOfFolder(folder: string, name: string): string | undefined {
  const names = ['ts', 'mts', 'js', 'mjs'].flatMap((end) => [
    `${name}/index.${end}`,
    `${name}/${name}.${end}`,
  ]);
  return names.find((file) => existsSync(join(folder, file)));
}

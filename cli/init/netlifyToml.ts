import { isDeepStrictEqual } from 'node:util';
import { parse, type TomlTable } from 'smol-toml';
import { CommandError } from '../command.ts';
import { appendLines, type Draft, lineEnding } from './draft.ts';
import { inFolder, type ProjectFiles, readSite, type Site, trimPath } from './project.ts';

/** One key that `netlify.toml` should have, such as `['build', 'publish']`. */
export interface Setting {
  readonly path: readonly [table: string, ...keys: string[]];
  readonly value: string;
}

/** What became of the settings. */
export interface Merged {
  readonly text: string;
  /** Keys that are there with another value, which they keep. */
  readonly kept: readonly (Setting & { readonly present: unknown })[];
  /** Settings for which the file has no place that `init` could write to without rewriting it. */
  readonly unplaced: readonly Setting[];
}

/**
 * Adds the settings that are missing, and changes nothing else: no key, no comment, no space. What comes out is parsed, and
 * taken only where it says all that it said before, and the new setting.
 * @param text undefined where there is no file
 * @throws {CommandError} `unreadable_file`: it is not TOML
 */
export function mergeToml(text: string | undefined, settings: readonly Setting[]): Merged {
  let merged = text ?? '';
  const kept: (Setting & { present: unknown })[] = [];
  const unplaced: Setting[] = [];
  for (const setting of settings) {
    const document = parseToml(merged);
    const present = valueAt(document, setting.path);
    if (present !== undefined) {
      if (present !== setting.value) kept.push({ ...setting, present });
      continue;
    }
    const next = insert(merged, setting);
    if (saysAlso(next, document, setting)) merged = next;
    else unplaced.push(setting);
  }
  return { text: merged, kept, unplaced };
}

/**
 * @throws {CommandError} `unreadable_file`, with the line at which it ends to be TOML
 */
export function parseToml(text: string, path = 'netlify.toml'): TomlTable {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const { line, message } = error as { line?: number; message: string };
    const [reason] = message.split('\n');
    throw new CommandError('unreadable_file', `${path}${line ? `, line ${line}` : ''}: ${reason}`);
  }
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(document: TomlTable, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as TomlTable)[key] : undefined),
    document,
  );
}

function saysAlso(text: string, before: TomlTable, { path, value }: Setting): boolean {
  try {
    const wanted = plain(before);
    let table = wanted;
    for (const key of path.slice(0, -1)) {
      table[key] ??= {};
      table = table[key] as TomlTable;
    }
    table[path.at(-1) as string] = value;
    return isDeepStrictEqual(plain(parse(text)), wanted);
  } catch {
    return false;
  }
}

/** A copy that can be compared: values as JSON, with the prototypes of plain objects. */
const plain = (document: TomlTable): TomlTable => JSON.parse(JSON.stringify(document));

const isHeader = (line: string) => /^\s*\[/.test(line);

/** The names in `[build.environment]`; undefined for any other line. */
function headerPath(line: string): string[] | undefined {
  const [, inside] = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line) ?? [];
  return inside?.split('.').map((name) => name.trim().replace(/^(["'])(.*)\1$/, '$2'));
}

function insert(text: string, { path, value }: Setting): string {
  const end = lineEnding(text);
  const table = path.slice(0, -1);
  const key = path.at(-1);
  const lines = text.split(end);
  const line = `${key} = ${JSON.stringify(value)}`;

  const header = lines.findIndex((each) => isDeepStrictEqual(headerPath(each), table));
  if (header >= 0) {
    const next = lines.findIndex((each, index) => index > header && isHeader(each));
    const at = lastStatement(lines, header, next < 0 ? lines.length : next);
    const indent = /^\s*/.exec((at > header ? lines[header + 1] : undefined) ?? '')?.[0] ?? '';
    lines.splice(at + 1, 0, (at > header ? indent : '  ') + line);
    return lines.join(end).replace(/(?<!\n)$/, end);
  }

  // Keys such as `build.command = …` above every header make their table, which no header may open again.
  const first = lines.findIndex(isHeader);
  const dotted = lines
    .slice(0, first < 0 ? lines.length : first)
    .findLastIndex((each) => new RegExp(`^\\s*${table.join('\\s*\\.\\s*')}\\s*\\.`).test(each));
  if (dotted >= 0) {
    lines.splice(dotted + 1, 0, `${table.join('.')}.${line}`);
    return lines.join(end).replace(/(?<!\n)$/, end);
  }

  const gap = text.trim() === '' || /\n\s*\n$/.test(text) ? [] : [''];
  return appendLines(text, [...gap, `[${table.join('.')}]`, `  ${line}`]);
}

/** The last line of a table that is neither empty nor a comment; its header where it has none. */
function lastStatement(lines: readonly string[], header: number, end: number): number {
  for (let index = end - 1; index > header; index -= 1) {
    if (!/^\s*(#.*)?$/.test(lines[index] ?? '')) return index;
  }
  return header;
}

/** The `netlify.toml` of a site: its own, but where that of the repository names the site's folder as its base. */
export function findToml(files: ProjectFiles, folder: string): string {
  const own = inFolder(folder, 'netlify.toml');
  const root = files.get('netlify.toml');
  if (folder === '' || files.has(own) || root === undefined) return own;
  const base = valueAt(parseToml(root), ['build', 'base']);
  return typeof base === 'string' && trimPath(base) === folder ? 'netlify.toml' : own;
}

/** The Node that functions and build need, where nothing else says it. */
const nodeVersion = '22';

/** Adds what a build needs and what is missing, and notes what stays as it is. */
export function draftToml(draft: Draft, files: ProjectFiles, site: Site, path: string): void {
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
  for (const { path: keys, present, value } of kept) {
    if (keys.at(-1) === 'NODE_VERSION') noteNodeVersion(draft, path, String(present));
    else if (trimPath(String(present)) !== trimPath(value)) {
      draft.note('kept_setting', path, keptText(keys.join('.'), present, value));
    }
  }
  const usual = readSite(files, site.folder).publish;
  if (site.kind !== 'html' && usual !== undefined && publish !== usual) {
    draft.note('kept_setting', path, keptText('build.publish', publish, usual));
  }
  for (const { path: keys, value } of unplaced) {
    draft.note('by_hand', path, `Add ${keys.join('.')} = ${JSON.stringify(value)}.`);
  }
}

function keptText(key: string, present: unknown, usual: string): string {
  return `${key} stays ${JSON.stringify(present)}, where init would write ${JSON.stringify(usual)}.`;
}

function noteNodeVersion(draft: Draft, path: string, version: string): void {
  const [, major, minor] = /^v?(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  if (major === undefined) return;
  const isTooOld = Number(major) < 22 || (Number(major) === 22 && minor !== undefined && Number(minor) < 12);
  if (isTooOld) draft.note('node_version', path, `Daypass needs Node 22.12 or newer; this says ${version}.`);
}

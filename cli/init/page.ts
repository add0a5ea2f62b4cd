import { type Draft, lineEnding, relativeModule } from './draft.ts';
import { findFile, inFolder, type ProjectFiles, readManifest, type Site } from './project.ts';

/** The files of the script tag, by their names, as the package has them. */
export type Scripts = Readonly<Record<string, string>>;

interface Page {
  draft: Draft;
  files: ProjectFiles;
  site: Site;
  prefix: string;
}

const isTag = /<script\b[^>]*\bsrc\s*=\s*["']?[^"'>\s]*daypass\.js\b[^>]*>/i;
const isImport = /(?:\bfrom|\bimport)\s*\(?\s*['"]daypass(?:\/react)?['"]/;

/**
 * Puts Daypass into the site's pages: the script tag for plain HTML, else a module, and its import where the pages begin.
 * @param scripts what plain HTML is given next to its pages
 */
export function draftPage(page: Page, scripts: Scripts): void {
  if (page.site.kind === 'html') draftHtml(page, scripts);
  else draftModule(page);
}

function draftModule(page: Page): void {
  const { site, files, prefix } = page;
  const tagged = findText(files, site.folder, /\.(html|astro|svelte|[jt]sx?)$/, isTag);
  if (tagged !== undefined) return;
  const source = moduleFolder(page);
  const ending = site.isTypeScript ? 'ts' : 'js';
  const ours =
    findFile(files, site.folder, new RegExp(`^${source}daypass\\.[cm]?[jt]s$`)) ??
    inFolder(site.folder, `${source}daypass.${ending}`);
  const other = findText(
    files,
    site.folder,
    /^(?!netlify\/|daypass\.config).*\.([cm]?[jt]sx?|vue|svelte|astro)$/,
    isImport,
  );
  if (other !== undefined && other !== ours) return;
  if (!isImport.test(files.get(ours) ?? '')) {
    if (files.has(ours)) {
      page.draft.note('by_hand', ours, 'A module of yours has this name. Make the session in another one.');
      return;
    }
    page.draft.write(ours, writeModule(prefix));
  }
  const module = ours.replace(/\.[^.]+$/, '');
  if (!importModule(page, module)) {
    const name = module.slice(module.lastIndexOf('/') + 1);
    page.draft.note(
      'by_hand',
      ours,
      `Import this module first where your pages begin in the browser: import './${name}'.`,
    );
  }
}

function writeModule(prefix: string): string {
  return `import { createSession } from 'daypass';

export const session = createSession();

// From here on, the page's own calls under this prefix carry a pass.
session.attach(['${prefix}']);
`;
}

/** The file of a folder whose path in it and whose text match. */
function findText(files: ProjectFiles, folder: string, name: RegExp, text: RegExp): string | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  return [...files].find(
    ([path, content]) =>
      path.startsWith(prefix) && name.test(path.slice(prefix.length)) && text.test(content),
  )?.[0];
}

/** Where the module goes, relative to the site's folder, with a slash at its end unless it is that folder. */
function moduleFolder({ files, site }: Page): string {
  const { folder, kind } = site;
  if (kind === 'sveltekit') return 'src/lib/';
  if (kind === 'astro') return 'src/';
  if (kind === 'next' || kind === 'next-export') {
    return findFile(files, folder, /^src\/(app|pages)\//) === undefined ? '' : 'src/';
  }
  const entry = kind === 'vite' ? viteEntry(files, folder) : undefined;
  if (entry !== undefined) return entry.slice(inFolder(folder, 'x').length - 1).replace(/[^/]*$/, '');
  return findFile(files, folder, /^src\//) === undefined ? '' : 'src/';
}

/** @returns whether there is a place for the import, or it is there already */
function importModule(page: Page, module: string): boolean {
  const { files, site } = page;
  const { folder } = site;
  switch (site.kind) {
    case 'vite': {
      const entry = viteEntry(files, folder);
      return entry !== undefined && addImport(page, entry, module);
    }
    case 'sveltekit':
      return addImport(page, clientFile(page, 'src/hooks.client'), module);
    case 'astro':
      return importInAstro(page, module);
    case 'next':
    case 'next-export':
      return importInNext(page, module);
    default:
      return false;
  }
}

/** The module that `index.html` begins with, when it is there. */
function viteEntry(files: ProjectFiles, folder: string): string | undefined {
  const html = files.get(inFolder(folder, 'index.html')) ?? '';
  for (const [tag] of html.matchAll(/<script\b[^>]*>/gi)) {
    const source = /\bsrc\s*=\s*["']?\.?\/?([^"'>\s?]+)/i.exec(tag)?.[1];
    if (!/\btype\s*=\s*["']?module\b/i.test(tag) || source === undefined) continue;
    const path = inFolder(folder, source);
    if (files.has(path)) return path;
  }
  return undefined;
}

/** A file that may be there with any ending of a module. */
function clientFile({ files, site }: Page, name: string): string {
  const there = findFile(files, site.folder, new RegExp(`^${name.replaceAll('.', '\\.')}\\.[cm]?[jt]sx?$`));
  return there ?? inFolder(site.folder, `${name}.${site.isTypeScript ? 'ts' : 'js'}`);
}

/** `instrumentation-client` runs in the browser before the page does, since Next 15.3; before that, only `_app` is left. */
function importInNext(page: Page, module: string): boolean {
  const { files, site } = page;
  const range = readManifest(files, site.folder)?.dependencies.next ?? '';
  const [, major = '99', minor = '99'] = /(\d+)(?:\.(\d+))?/.exec(range) ?? [];
  if (Number(major) > 15 || (Number(major) === 15 && Number(minor) >= 3)) {
    return addImport(page, clientFile(page, `${moduleFolder(page)}instrumentation-client`), module);
  }
  const app = findFile(files, site.folder, /^(src\/)?pages\/_app\.[jt]sx?$/);
  return app !== undefined && addImport(page, app, module);
}

/** Each page and layout that has a head of its own gets the import in a script, which Astro bundles. */
function importInAstro(page: Page, module: string): boolean {
  const { files, site, draft } = page;
  const prefix = inFolder(site.folder, 'src/');
  const heads = [...files].filter(
    ([path, text]) => path.startsWith(prefix) && path.endsWith('.astro') && /<head\b/i.test(text),
  );
  for (const [path, text] of heads) {
    const name = relativeModule(path, module);
    if (text.includes(`'${name}'`)) continue;
    const template = /^\uFEFF?\s*---[\s\S]*?\n---[^\n]*\n/.exec(text)?.[0].length ?? 0;
    const script = ['<script>', `  import '${name}';`, '</script>'];
    draft.write(path, text.slice(0, template) + insertTag(text.slice(template), script));
  }
  return heads.length > 0;
}

function draftHtml({ draft, files, site, prefix }: Page, scripts: Scripts): void {
  const folder = inFolder(site.folder, site.publish === '.' ? '' : (site.publish ?? ''));
  const index = inFolder(folder, 'index.html');
  const html = files.get(index);
  const tag = html === undefined ? undefined : isTag.exec(withoutComments(html))?.[0];
  if (html === undefined) {
    // The folder is one that a build fills.
    const names = Object.keys(scripts).join(' and ');
    draft.note(
      'by_hand',
      index,
      `Put ${writeTag(prefix)} into the head of your pages, before other scripts, and have your build copy ${names} from node_modules/daypass/dist next to them.`,
    );
    return;
  }
  if (tag === undefined) draft.write(index, insertTag(html, [writeTag(prefix)]));
  else if (!tag.includes(prefix)) {
    draft.note('by_hand', index, `Its tag does not name ${prefix}: add it to data-api.`);
  }
  for (const [name, text] of Object.entries(scripts)) {
    const path = inFolder(folder, name);
    const there = files.get(path);
    if (there === undefined) draft.write(path, text);
    else if (there !== text) {
      const source = `node_modules/daypass/dist/${name}`;
      draft.note(
        'kept_file',
        path,
        `It differs from the installed package's. To update it: cp ${source} ${path}`,
      );
    }
  }
  const others = [...files.keys()].filter(
    (path) =>
      path.startsWith(folder === '' ? '' : `${folder}/`) &&
      path.endsWith('.html') &&
      path !== index &&
      !isTag.test(files.get(path) ?? ''),
  );
  if (others.length > 0) {
    const named =
      others.slice(0, 3).join(', ') + (others.length > 3 ? `, and ${others.length - 3} more` : '');
    draft.note('other_pages', index, `Other pages that call ${prefix} need the tag too: ${named}.`);
  }
}

const writeTag = (prefix: string) => `<script src="/daypass.js" data-api="${prefix}"></script>`;

const withoutComments = (html: string) => html.replace(/<!--[\s\S]*?-->/g, '');

/** Markup with a tag before its first script, else at the end of its head, indented as its neighbours are. */
function insertTag(html: string, tag: readonly string[]): string {
  const end = lineEnding(html);
  const marks = [...html.matchAll(/<!--[\s\S]*?-->|<script\b|<\/head\s*>|<body\b/gi)].filter(
    ([mark]) => !mark.startsWith('<!--'),
  );
  const [mark] = marks;
  if (mark === undefined) {
    const at = /^\uFEFF?\s*(?:<!doctype[^>]*>\s*?(?:\r?\n)?)?/i.exec(html)?.[0].length ?? 0;
    return html.slice(0, at) + tag.join(end) + end + html.slice(at);
  }
  const lineStart = html.lastIndexOf('\n', mark.index - 1) + 1;
  const before = html.slice(lineStart, mark.index);
  if (before.trim() !== '') return html.slice(0, mark.index) + tag.join('') + html.slice(mark.index);
  // What closes or follows the head stands further out than what is in it.
  const neighbour = html.slice(0, lineStart).trimEnd().split('\n').at(-1) ?? '';
  const isChild = mark[0].toLowerCase() === '<script';
  const indent = isChild || /^\s*<head\b/i.test(neighbour) ? before : (/^\s*/.exec(neighbour)?.[0] ?? before);
  const deeper = !isChild && /^\s*<head\b/i.test(neighbour) ? `${indent}  ` : indent;
  const lines = tag.map((line) => deeper + line + end).join('');
  return html.slice(0, lineStart) + lines + html.slice(lineStart);
}

/** Adds an import in front of a module's first statement, so that it runs first; creates the module if it does not exist. */
function addImport({ draft, files }: Page, path: string, module: string): boolean {
  const text = files.get(path);
  const name = relativeModule(path, module);
  if (text === undefined) {
    draft.write(path, `import '${name}';\n`);
    return true;
  }
  if (new RegExp(`['"]${name.replaceAll('.', '\\.')}(\\.[cm]?[jt]s)?['"]`).test(text)) return true;
  const end = lineEnding(text);
  const lines = text.split(end);
  const at = firstStatement(lines);
  const sample = lines.find((line, index) => index >= at && /^\s*import\b/.test(line)) ?? '';
  const quote = sample.includes('"') ? '"' : "'";
  const semicolon = /['"]\s*$/.test(sample) ? '' : ';';
  lines.splice(at, 0, `import ${quote}${name}${quote}${semicolon}`);
  draft.write(path, lines.join(end));
  return true;
}

/** The line of a module's first statement, behind comments and directives such as `'use client'`. */
function firstStatement(lines: readonly string[]): number {
  let isInComment = false;
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/^\uFEFF/, '').trim();
    if (isInComment || text.startsWith('/*')) {
      isInComment = !text.includes('*/');
    } else if (text !== '' && !/^(\/\/|#!|(['"])use [\w ]+\2;?$)/.test(text)) {
      return index;
    }
  }
  // The last is what follows the last line's end.
  return lines.length - 1;
}

import { applyEdits, modify, type ParseError, parse } from 'jsonc-parser';
import { CommandError } from '../command.ts';
import { isLoopback } from '../site.ts';
import { appendLines, type Draft, lineEnding } from './draft.ts';
import { inFolder, type ProjectFiles, type Site } from './project.ts';

/** A variable of a site, for `.env.example` and for Netlify's command line. */
export interface Variable {
  readonly name: string;
  readonly comment: string;
  readonly value: string;
}

/**
 * The variables that a site needs.
 * @param upstream the backend's URL; undefined if not given
 */
export function siteVariables(upstream: string | undefined): Variable[] {
  return [
    {
      name: 'DAYPASS_SECRET',
      comment: 'Shared with the backend: 32 random bytes, from: npx daypass secret',
      value: '',
    },
    { name: 'DAYPASS_PRIVATE_SECRET', comment: 'Never leaves the site: 32 other random bytes', value: '' },
    {
      name: 'DAYPASS_UPSTREAM',
      comment: 'The backend behind the gate',
      value: deployedUpstream(upstream),
    },
    {
      name: 'UPSTASH_REDIS_REST_URL',
      comment: 'From the console of your Upstash Redis',
      value: '',
    },
    { name: 'UPSTASH_REDIS_REST_TOKEN', comment: '', value: '' },
  ];
}

/** Where the deployed site reaches the backend: a loopback address is for `daypass dev` only. */
export function deployedUpstream(upstream: string | undefined): string {
  return upstream === undefined || isLoopback(upstream) ? 'https://your-backend.example' : upstream;
}

/** Adds what is missing to `.env.example`. */
export function draftEnvExample(draft: Draft, site: Site, upstream: string | undefined): void {
  const path = inFolder(site.folder, '.env.example');
  const text = draft.read(path);
  const missing = siteVariables(upstream).filter(
    ({ name }) => !new RegExp(`^\\s*#?\\s*(export\\s+)?${name}\\s*=`, 'm').test(text ?? ''),
  );
  const lines = missing.flatMap(({ name, comment, value }) => [
    ...(comment === '' ? [] : [`# ${comment}`]),
    `${name}=${value}`,
  ]);
  const gap = text && lines.length > 0 ? [''] : [];
  if (lines.length > 0) draft.write(path, appendLines(text, [...gap, ...lines]));
}

/** Keeps `.env` out of the repository, and `.env.example` in it. */
export function draftGitignore(draft: Draft, site: Site): void {
  const own = inFolder(site.folder, '.gitignore');
  const texts = [...new Set(['.gitignore', own])].map((path) => draft.read(path) ?? '');
  const patterns = texts.flatMap((text) => text.split(/\r?\n/).map((line) => line.trim()));
  const ignores = (name: string) => {
    const matches = (pattern: string) =>
      new RegExp(
        `^${pattern
          .replace(/^(\*\*)?\//, '')
          .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')}$`,
      ).test(name);
    return patterns.reduce(
      (isIgnored, pattern) =>
        pattern === '' || pattern.startsWith('#')
          ? isIgnored
          : pattern.startsWith('!')
            ? isIgnored && !matches(pattern.slice(1))
            : isIgnored || matches(pattern),
      false,
    );
  };
  const lines = [
    // In a new file: what installing the package brings with it.
    ...(texts.every((text) => text === '') ? ['node_modules'] : []),
    ...(ignores('.env') ? [] : ['.env']),
    ...(ignores('.env.example') ? ['!.env.example'] : []),
  ];
  if (lines.length > 0) draft.write(own, appendLines(draft.read(own), lines));
}

type CompilerOptions = Readonly<Record<string, unknown>>;

interface TsConfig {
  readonly extends?: string | readonly string[];
  readonly files?: readonly string[];
  readonly include?: readonly string[];
  readonly compilerOptions?: CompilerOptions;
}

/**
 * The functions import the policy with its ending, as the edge wants it; a `tsconfig.json` that takes them in must allow that
 * (`allowImportingTsExtensions`, or where TypeScript emits, `rewriteRelativeImportExtensions`).
 * @throws {CommandError} `unreadable_file`: it is not JSON with comments
 */
export function draftTsConfig(draft: Draft, files: ProjectFiles, site: Site): void {
  const path = inFolder(site.folder, 'tsconfig.json');
  const text = files.get(path);
  if (text === undefined) return;
  const config = readTsConfig(path, text);
  if (!takesFunctionsIn(config)) return;
  const options = { ...inherited(files, path, config), ...config.compilerOptions };
  if (options.allowImportingTsExtensions === true || options.rewriteRelativeImportExtensions === true) return;
  const name =
    options.noEmit === true || options.emitDeclarationOnly === true
      ? 'allowImportingTsExtensions'
      : 'rewriteRelativeImportExtensions';
  const tabs = /^\t/m.test(text);
  const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
  const edits = modify(text, ['compilerOptions', name], true, {
    formattingOptions: { insertSpaces: !tabs, tabSize: tabs ? 1 : indent, eol: lineEnding(text) },
  });
  draft.write(path, applyEdits(text, edits));
}

function readTsConfig(path: string, text: string): TsConfig {
  const errors: ParseError[] = [];
  const config = parse(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error || typeof config !== 'object' || config === null) {
    const line = text.slice(0, error?.offset ?? 0).split('\n').length;
    throw new CommandError('unreadable_file', `${path}, line ${line}: it is not JSON with comments.`);
  }
  return config;
}

/** Whether files under `netlify/` and `daypass.config.ts` are among those that it compiles. */
function takesFunctionsIn({ files, include }: TsConfig): boolean {
  if (include === undefined) return files === undefined;
  return include.some((pattern) => /^(\.\/)?(\*\*|\*|\.|netlify|\/?$|daypass\.config)/.test(pattern));
}

/** What it has from those that it extends: files of the project, and packages that are known to set it. */
function inherited(files: ProjectFiles, path: string, config: TsConfig, depth = 0): CompilerOptions {
  const parents = [config.extends ?? []].flat();
  return Object.assign(
    {},
    ...parents.map((parent): CompilerOptions => {
      if (/^astro\/tsconfigs\//.test(parent)) return { allowImportingTsExtensions: true };
      if (/\.svelte-kit\/tsconfig\.json$/.test(parent)) return { rewriteRelativeImportExtensions: true };
      if (!parent.startsWith('.') || depth > 5) return {};
      const folder = path.split('/').slice(0, -1);
      for (const step of parent.split('/')) {
        if (step === '..') folder.pop();
        else if (step !== '.') folder.push(step);
      }
      const named = folder.join('/');
      const found = [named, `${named}.json`].find((each) => files.has(each));
      if (found === undefined) return {};
      const next = readTsConfig(found, files.get(found) ?? '');
      return { ...inherited(files, found, next, depth + 1), ...next.compilerOptions };
    }),
  );
}

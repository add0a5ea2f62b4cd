import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { definePolicy, requirePolicy } from '../../src/policy/define.ts';
import type { Policy } from '../../src/policy/types.ts';
import { CommandError, type Option, UsageError } from '../command.ts';
import type { Io } from '../output.ts';
import { count } from '../words.ts';

/** The option by which commands take another policy than that of the folder. */
export const configOption = {
  type: 'string',
  placeholder: '<file>',
  description: "The site's policy. Default: daypass.config.ts (or .mts, .js, .mjs) of this folder",
} as const satisfies Option;

const usualNames = ['daypass.config.ts', 'daypass.config.mts', 'daypass.config.js', 'daypass.config.mjs'];

export interface LoadedPolicy {
  readonly policy: Policy;
  /** Relative to the folder of the call; undefined where there is none, and the policy is the default one. */
  readonly file: string | undefined;
}

interface LoadOptions {
  /** What `--config` says. */
  config: string | undefined;
  /** What to do where the folder has no policy: refuse, or take the default one. */
  otherwise: 'refuse' | 'default';
  /** Whether Node reads TypeScript. */
  readsTypeScript?: boolean;
}

/**
 * Loads the policy of a site as the site does: by importing the file.
 * @throws {UsageError} there is no such file
 * @throws {CommandError} `node_too_old`, `policy_not_loaded`, or `policy_invalid` with all its `problems`
 */
export async function loadPolicy(io: Pick<Io, 'cwd'>, options: LoadOptions): Promise<LoadedPolicy> {
  const path = findPolicy(io, options);
  if (path === undefined) return { policy: definePolicy(), file: undefined };
  const file = relative(io.cwd, path);
  const { readsTypeScript = Boolean(process.features.typescript) } = options;
  if (/\.m?ts$/.test(path) && !readsTypeScript) throw tooOld(file);
  const policy = await importPolicy(path, file);
  return { policy, file };
}

function findPolicy({ cwd }: Pick<Io, 'cwd'>, { config, otherwise }: LoadOptions): string | undefined {
  const names = config === undefined ? usualNames : [config];
  const found = names.map((name) => resolve(cwd, name)).find((path) => existsSync(path));
  if (found !== undefined || (config === undefined && otherwise === 'default')) return found;
  throw new UsageError(
    config === undefined
      ? `There is no daypass.config.ts in ${cwd}. Go to the folder of the site, or name the file with --config.`
      : `--config: there is no ${config} in ${cwd}.`,
  );
}

function tooOld(file: string): CommandError {
  return new CommandError(
    'node_too_old',
    `This Node (${process.version}) does not read TypeScript, and so not ${file}. Use Node 22.18 or later; on 22.12 to 22.17, set NODE_OPTIONS=--experimental-strip-types for this command.`,
  );
}

async function importPolicy(path: string, file: string): Promise<Policy> {
  let exported: { default?: unknown };
  try {
    exported = await importAsModule(path);
  } catch (error) {
    throw explain(error, file, dirname(path));
  }
  try {
    requirePolicy(file, exported.default);
  } catch {
    throw new CommandError('policy_invalid', `${file} must say: export default definePolicy({ … });`);
  }
  return exported.default;
}

/**
 * Imports a file of the site as Netlify's bundlers do: it and what it imports are ES modules whatever `type` its package has
 * (`npm init` writes `"commonjs"`). Node before 22.15 has no such hooks, and goes by `type`.
 */
async function importAsModule(path: string): Promise<{ default?: unknown }> {
  const hooks = nodeModule.registerHooks?.({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      if (!found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found;
      const format = moduleFormats[/\.\w+$/.exec(found.url)?.[0] ?? ''];
      return format === undefined ? found : { ...found, format };
    },
  });
  try {
    return await import(pathToFileURL(path).href);
  } finally {
    hooks?.deregister();
  }
}

const moduleFormats: Readonly<Record<string, string>> = { '.ts': 'module-typescript', '.js': 'module' };

/**
 * The error of the module, without its stack. The site has a Daypass of its own, so no class can be compared.
 * @param folder that of the policy
 */
function explain(error: unknown, file: string, folder: string): CommandError {
  const { code, problems, message } = error as { code?: string; problems?: string[]; message?: string };
  if (code === 'not_configured' && problems) {
    const list = problems.map((problem) => `\n  ${problem}`).join('');
    return new CommandError('policy_invalid', `${file} has ${count(problems.length, 'mistake')}:${list}`, {
      details: { problems },
    });
  }
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' && /'daypass['/]/.test(message ?? '');
  // Where Node has no hooks.
  const isCommonJs = /Cannot use import statement|Unexpected token 'export'/.test(message ?? '');
  const remedy = isMissing
    ? ' Install it: npm install daypass.'
    : isCommonJs
      ? ` Use Node 22.15 or later, or set "type": "module" in package.json.`
      : '';
  const place = placeOf(error, folder);
  return new CommandError(
    'policy_not_loaded',
    `${file} cannot be loaded: ${place}${String(message ?? error).replace(/\.$/, '')}.${remedy}`,
  );
}

/** The file and line of a mistake of syntax, which Node puts before the stack and not into the message. */
function placeOf(error: unknown, folder: string): string {
  if (!(error instanceof SyntaxError)) return '';
  const [, url, line] = /^(file:\S+):(\d+)$/m.exec(error.stack ?? '') ?? [];
  return url === undefined ? '' : `${relative(folder, fileURLToPath(url))}:${line}: `;
}

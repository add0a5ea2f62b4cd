import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { minifySync } from 'rolldown/utils';

export const root = join(import.meta.dirname, '..');

/** The oldest browsers that docs/pages.md names; the rest are newer in all that the client uses. */
const target = ['es2022', 'safari15.4'];

const browser: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Bundles in memory; `entry` is relative to the repository. */
async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...browser, ...options, entryPoints: [entry], write: false });
  return outputFiles?.[0]?.text ?? '';
}

/**
 * Leaves out what gotrue-js's transport does without: its users, its admins, and of its `GoTrue` all but the `api`.
 * Nothing here calls the rest, which no bundler can know.
 */
const transportOnly: Plugin = {
  name: 'gotrue-js: transport only',
  setup({ onLoad }) {
    onLoad({ filter: /gotrue-js\/lib\/index\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const [, transport] = /^(.*)^\/\/ src\/admin\.ts$/ms.exec(text) ?? [];
      const [, apiUrl] = /^var GoTrue = class .*?\bthis\.api = new API\((APIUrl),/ms.exec(text) ?? [];
      if (!(transport && apiUrl))
        throw new Error('gotrue-js has other parts than it had: see scripts/bundle.ts');
      const contents = `${transport}
        export default class { constructor({ ${apiUrl} }) { this.api = new API(${apiUrl}); } }`;
      return { contents, loader: 'js' };
    });
  },
};

/** `daypass.js`, the script-tag build. */
export async function bundleScript(): Promise<string> {
  const script = await bundle('client/script.ts', {
    format: 'iife',
    // Only `createSession` imports it, which is not in this file.
    external: ['./xhr.ts'],
    // Members of gotrue-js, and of ours, that are invisible outside this file.
    mangleProps:
      /^(read|write|loadXhr|target|replaceSession|getToken|emit|_sameOrigin|parseJsonResponse|apiURL|APIUrl|defaultHeaders|setCookie)$/,
    // `window.GoTrue` is not set, so there is nothing to restore.
    define: { window: 'undefined' },
    plugins: [transportOnly],
  });
  // Finds some 3 % that esbuild leaves.
  const { code, errors } = minifySync('daypass.js', script, { compress: { target }, mangle: true });
  if (errors[0]) throw new Error(`rolldown: ${errors[0].message}`);
  return code;
}

/** `daypass-more.js`, the module that a script tag loads for XMLHttpRequest, and when a backend refuses a token. */
export function bundleMore(): Promise<string> {
  return bundlePage('client/more.ts');
}

/** `daypass-proof.js`, the module that a script tag loads when it has to prove something. */
export function bundleProof(): Promise<string> {
  return bundlePage('client/proof/script.ts');
}

/** `daypass-solver.js`, the worker of `daypass-proof.js`. */
export function bundleSolver(): Promise<string> {
  return bundlePage('client/proof/solver.ts');
}

/**
 * A module for a page, with all that it imports.
 * @param external what it imports when it is needed
 */
export function bundlePage(entry: string, external: string[] = []): Promise<string> {
  return bundle(entry, { format: 'esm', external });
}

/**
 * A module for a server, with all that it imports but what Node brings.
 * @param external what it imports when it is needed
 */
export function bundleServer(entry: string, external: string[] = []): Promise<string> {
  return bundle(entry, {
    format: 'esm',
    platform: 'node',
    conditions: ['import'],
    // For Node, esbuild prefers CommonJS: a package's UMD then asks for its parts where nothing provides them.
    mainFields: ['module', 'main'],
    external,
  });
}

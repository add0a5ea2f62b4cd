import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Loader, transformSync } from 'esbuild';
import type { WorkerData } from './messages.ts';

/** What esbuild makes JavaScript of, by the end of a file's name. */
const loaders: Readonly<Record<string, Loader>> = {
  ts: 'ts',
  mts: 'ts',
  tsx: 'tsx',
  jsx: 'jsx',
  json: 'json',
};

const endings = [
  '.ts',
  '.tsx',
  '.js',
  '.jsx',
  '.mts',
  '.mjs',
  '.json',
  '/index.ts',
  '/index.tsx',
  '/index.js',
];

/**
 * From now on this thread imports a site's modules as Netlify's bundlers do, which use esbuild: TypeScript and JSX in any
 * form, JSON without an import attribute, and `./policy` where Node wants `./policy.ts`.
 * @param onLoad called for each file of the site that is loaded, packages aside
 */
export function loadAsBundlersDo({ root, config }: WorkerData, onLoad: (file: string) => void): void {
  process.setSourceMapsEnabled(true);
  const replaced = pathToFileURL(join(root, 'daypass.config.ts')).href;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolve = (name: string) => {
        const found = nextResolve(name, context);
        return config !== undefined && found.url === replaced ? nextResolve(config, context) : found;
      };
      try {
        return resolve(specifier);
      } catch (error) {
        if (!specifier.startsWith('.')) throw error;
        for (const ending of endings) {
          try {
            return resolve(specifier + ending);
          } catch {
            // not this one
          }
        }
        throw error;
      }
    },
    load(url, context, nextLoad) {
      const file = url.startsWith('file:') ? fileURLToPath(url) : undefined;
      if (file === undefined || isOfPackage(file)) return nextLoad(url, context);
      onLoad(file);
      const loader = loaders[/\.(\w+)$/.exec(file)?.[1] ?? ''];
      if (loader === undefined || !existsSync(file)) return nextLoad(url, context);
      const { code } = transformSync(readFileSync(file, 'utf8'), {
        loader,
        sourcefile: file,
        sourcemap: 'inline',
        format: 'esm',
        target: 'esnext',
        // The automatic one, as in the projects that have JSX; what a tsconfig.json says otherwise is the framework's.
        jsx: 'automatic',
      });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });

  function isOfPackage(file: string): boolean {
    return relative(root, file).split(sep).includes('node_modules');
  }
}

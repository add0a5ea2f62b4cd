import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

export const root = join(import.meta.dirname, '..');

const browser: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
};

/** Bundles in memory; `entry` is relative to the repository. */
async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...browser, ...options, entryPoints: [entry], write: false });
  return outputFiles?.[0]?.text ?? '';
}

/** `daypass.js`, the script-tag build. */
export function bundleScript(): Promise<string> {
  return bundle('client/script.ts', {
    format: 'iife',
    // Members of gotrue-js that are private, or that nothing here calls: nobody outside this file sees them.
    mangleProps:
      /^_|^((get|delete|update|create|list)Users?(Data)?|(remove|clear|recover|validateCurrent)\w*Session|tokenDetails|currentUser|accept\w+|\w+ExternalUrl|requestPasswordRecovery|parseJsonResponse)$/,
    // Looks for `window` only to set `window.GoTrue`, which is the page's, and to find a member, who is too.
    define: { window: 'undefined' },
    // Its warning of http addresses, which browsers give themselves.
    pure: ['console.warn'],
  });
}

/** A module for a page, with all that it imports. */
export function bundlePage(entry: string): Promise<string> {
  return bundle(entry, { format: 'esm' });
}

/** A module for a server, with all that it imports but what Node brings. */
export function bundleServer(entry: string): Promise<string> {
  return bundle(entry, { format: 'esm', platform: 'node', conditions: ['import'] });
}

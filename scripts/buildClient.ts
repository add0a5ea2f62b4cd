import { build } from 'esbuild';

/** Builds the script tag's file, `dist/daypass.js`. */
export async function buildClient(): Promise<void> {
  await build({
    entryPoints: ['client/script.ts'],
    outfile: 'dist/daypass.js',
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
  });
}

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../../scripts/bundle.ts';

const outdir = '/script';

/** A page's script as a bundler makes it: what is loaded at once, and what may be loaded later. */
export interface Bundled {
  /** Scripts by path, the entry first. */
  scripts: ReadonlyMap<string, string>;
  /** Of what a page loads at once, minified. */
  bytes: number;
  /** The same, each script after gzip -9. */
  gzipBytes: number;
}

/** Bundles `entries/<name>.js`, every library by the same bundler with the same settings. */
export async function bundleEntry(name: string): Promise<Bundled> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(import.meta.dirname, 'entries', `${name}.js`)],
    alias: { daypass: join(root, 'client/index.ts') },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: ['es2022', 'safari15.4'],
    legalComments: 'none',
    outdir,
    write: false,
    metafile: true,
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [join(root, path), output]),
  );
  const entry = `${outdir}/${name}.js`;
  const atOnce = new Set([entry]);
  // Grows while it is walked.
  for (const path of atOnce) {
    for (const { path: imported, kind } of outputs.get(path)?.imports ?? []) {
      if (kind === 'import-statement') atOnce.add(join(root, imported));
    }
  }
  const texts = [...atOnce].map((path) => scripts.get(path) as string);
  return {
    scripts,
    bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    gzipBytes: texts.reduce((sum, text) => sum + gzipBytesOf(text), 0),
  };
}

export function gzipBytesOf(script: string): number {
  return gzipSync(script, { level: 9 }).length;
}

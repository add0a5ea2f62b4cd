import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePage, bundleScript, root } from './bundle.ts';

/** What of `site/` is published as it is. */
const copied = /\.(html|css|svg)$|^_headers$/;

/**
 * Builds `daypass.js`, the script-tag build.
 * @returns its path
 */
export async function buildClient(): Promise<string> {
  const file = join(root, 'dist/daypass.js');
  await mkdir(join(root, 'dist'), { recursive: true });
  await writeFile(file, await bundleScript());
  return file;
}

/**
 * Builds the demo site anew: its page, its files, and `daypass.js` beside them.
 * @returns the folder to publish
 */
export async function buildSite(): Promise<string> {
  const source = join(root, 'site');
  const target = join(root, 'dist/site');
  const [page, script, names] = await Promise.all([
    bundlePage('site/page.ts'),
    buildClient(),
    readdir(source),
  ]);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await Promise.all([
    writeFile(join(target, 'page.js'), page),
    copyFile(script, join(target, 'daypass.js')),
    ...names
      .filter((name) => copied.test(name))
      .map((name) => copyFile(join(source, name), join(target, name))),
  ]);
  return target;
}

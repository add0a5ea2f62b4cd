import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildClient } from './buildClient.ts';
import { bundlePage, root } from './bundle.ts';
import { put } from './put.ts';

/** What of `demo/site/` is published as it is. */
const copied = /\.(html|css|svg)$|^_headers$/;

/** Builds `dist/site`: the demo page, its files, and the script-tag build next to them. */
export async function buildSite(): Promise<void> {
  const source = join(root, 'demo/site');
  const target = join(root, 'dist/site');
  const [page, client, names] = await Promise.all([
    bundlePage('demo/site/page.ts'),
    buildClient(),
    readdir(source),
  ]);
  const files = names.filter((name) => copied.test(name));
  await Promise.all([
    put(join(target, 'page.js'), page),
    ...Object.entries(client).map(([name, text]) => put(join(target, name), text)),
    ...files.map(async (name) => put(join(target, name), await readFile(join(source, name)))),
  ]);
}

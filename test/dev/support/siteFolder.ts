import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildPackage } from '../../../scripts/buildPackage.ts';
import { root } from '../../../scripts/bundle.ts';

/** The entries of a site with the package, as `daypass init` writes them. */
export const siteFiles: Readonly<Record<string, string>> = {
  'package.json': '{ "private": true, "type": "module" }',
  'netlify.toml': '[build]\n  publish = "public"\n',
  'public/index.html': '<h1>A shop</h1>',
  'daypass.config.ts': `
    import { definePolicy } from 'daypass/netlify';
    export default definePolicy({ routes: [{ path: '/api/cart' }, { path: '/api/*' }] });`,
  'netlify/functions/session.ts': `
    import { createBroker } from 'daypass/netlify';
    export default createBroker(() => import('../../daypass.config.ts'));
    export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };`,
  'netlify/edge-functions/gate.ts': `
    import { createGate } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default createGate(policy);
    export const config = { path: '/api/*' };`,
};

/** A site in a folder of its own outside the tree, with the package linked into it. */
export interface SiteFolder {
  path: string;
  write(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

/** @param files besides those of {@link siteFiles}, or in their place */
export async function makeSite(files: Readonly<Record<string, string>> = {}): Promise<SiteFolder> {
  // In the tree, where the package's dependencies are found; of its own, since test files run at the same time.
  mkdirSync(join(root, 'dist'), { recursive: true });
  const linked = mkdtempSync(join(root, 'dist/linked-site-'));
  await buildPackage(join(linked, 'dist/npm'));
  const path = mkdtempSync(join(tmpdir(), 'daypass-site-'));
  const write: SiteFolder['write'] = (given) => {
    for (const [name, text] of Object.entries(given)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
  };
  write({ ...siteFiles, ...files });
  copyFileSync(join(root, 'package.json'), join(linked, 'package.json'));
  mkdirSync(join(path, 'node_modules'));
  symlinkSync(linked, join(path, 'node_modules/daypass'));
  const remove = () => {
    for (const folder of [path, linked]) rmSync(folder, { recursive: true, force: true });
  };
  return { path, write, remove };
}

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleServer, root } from './bundle.ts';
import { put } from './put.ts';

/** Builds the bin of the npm package: one file, so that what only it needs is no dependency of the package. */
export async function buildCli(file = join(root, 'dist/cli/daypass.js')): Promise<void> {
  const script = await bundleServer('cli/bin.ts');
  await put(file, `#!/usr/bin/env node\n${script}`);
  await chmod(file, 0o755);
}

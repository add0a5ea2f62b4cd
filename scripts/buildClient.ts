import { join } from 'node:path';
import { bundleMore, bundleProof, bundleScript, bundleSolver, root } from './bundle.ts';
import { put } from './put.ts';

/**
 * Builds the script-tag build into `dist`: `daypass.js`, and what it loads when it is needed.
 * @returns the text of each file by its name
 */
export async function buildClient(): Promise<Record<string, string>> {
  const [script, more, proof, solver] = await Promise.all([
    bundleScript(),
    bundleMore(),
    bundleProof(),
    bundleSolver(),
  ]);
  const files = {
    'daypass.js': script,
    'daypass-more.js': more,
    'daypass-proof.js': proof,
    'daypass-solver.js': solver,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => put(join(root, 'dist', name), text)));
  return files;
}

import { join } from 'node:path';
import { bundleProof, bundleScript, bundleSolver, root } from './bundle.ts';
import { put } from './put.ts';

/**
 * Builds the script-tag build into `dist`: `daypass.js`, and what it loads for a proof.
 * @returns the text of each file by its name
 */
export async function buildClient(): Promise<Record<string, string>> {
  const [script, proof, solver] = await Promise.all([bundleScript(), bundleProof(), bundleSolver()]);
  const files = { 'daypass.js': script, 'daypass-proof.js': proof, 'daypass-solver.js': solver };
  await Promise.all(Object.entries(files).map(([name, text]) => put(join(root, 'dist', name), text)));
  return files;
}

import { join } from 'node:path';
import { bundleScript, root } from './bundle.ts';
import { put } from './put.ts';

/**
 * Builds `dist/daypass.js`, the script-tag build.
 * @returns its text
 */
export async function buildClient(): Promise<string> {
  const script = await bundleScript();
  await put(join(root, 'dist/daypass.js'), script);
  return script;
}

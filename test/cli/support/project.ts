import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const define = new URL('../../../src/policy/define.ts', import.meta.url).href;

/** A folder for one test, with these files by their names. */
export function createFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** The text of a `daypass.config.ts` with this argument of `definePolicy`. */
export function configText(input: string): string {
  return `import { definePolicy } from '${define}';\nexport default definePolicy(${input});\n`;
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * Holds what a page shows between `<!-- name -->` and `<!-- end -->` against what is so. `DAYPASS_WRITE_DOCS=1` writes it
 * (`npm run docs`).
 * @param path of the page, from the root
 * @param parts what belongs after each mark, by its name; a part that the page does not show is a failure too
 */
export function expectShown(path: string, parts: ReadonlyMap<string, string>): void {
  const file = join(root, path);
  const page = readFileSync(file, 'utf8');
  const form = /<!-- (?!end)([\w-]+) -->\n([\s\S]*?)<!-- end -->/g;
  expect([...page.matchAll(form)].map(([, name]) => name).toSorted()).toEqual([...parts.keys()].toSorted());
  const made = page.replaceAll(form, (_, name: string) => {
    return `<!-- ${name} -->\n\n${parts.get(name)?.trim()}\n\n<!-- end -->`;
  });
  if (process.env.DAYPASS_WRITE_DOCS === '1') writeFileSync(file, made);
  else expect(page, 'npm run docs writes it').toBe(made);
}

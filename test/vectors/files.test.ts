import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { files } from './generator/all.ts';

test.each(Object.entries(files))('%s is what `npm run vectors` writes', (name, content) => {
  expect(readFileSync(join(import.meta.dirname, name), 'utf8')).toBe(content);
});

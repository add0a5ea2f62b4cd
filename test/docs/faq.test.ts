import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// docs/faq.md answers each question with a page or a test that shows it. That links lead somewhere: test/package/links.test.ts.

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/faq.md'), 'utf8');
const answers = text
  .split(/^### /m)
  .slice(1)
  .map((entry) => {
    const [question = '', ...answer] = (entry.split('\n## ')[0] ?? '').split('\n');
    return [question, answer.join('\n').trim()] as const;
  });

test('there are 24, in their order', () => {
  expect(answers.map(([question]) => Number.parseInt(question, 10))).toEqual(
    Array.from({ length: 24 }, (_, index) => index + 1),
  );
});

test.each(answers)('%s', (question, answer) => {
  expect(question).toMatch(/\?$/);
  const tests = [...answer.matchAll(/`(test\/[^`]+)`/g)].map(([, name = '']) => name);
  expect(answer.includes('](') || tests.length > 0).toBe(true);
  expect(tests.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// docs/faq.md answers each question with a page or a test that shows it. That links lead somewhere: test/package/links.test.ts.

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const text = read('docs/faq.md');
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

test('the sizes are the budgets of scripts/size.ts', () => {
  const budgets = read('scripts/size.ts').replaceAll('_', '');
  const answer = answers.find(([question]) => question.startsWith('5.'))?.[1] ?? '';
  for (const name of ['daypass', 'daypass/react on top', 'dist/daypass.js']) {
    const [, budget = ''] = new RegExp(`name: '${name}',\\s+budget: (\\d+)`).exec(budgets) ?? [];
    expect(answer.replaceAll(/(\d) (\d{3})/g, '$1$2')).toContain(` ${budget}`);
  }
  expect(read('docs/pages.md').replaceAll(/\s+/g, ' ')).toContain('at most 6 000 bytes (gzip)');
});

test.each(answers)('%s', (question, answer) => {
  expect(question).toMatch(/\?$/);
  const tests = [...answer.matchAll(/`(test\/[^`]+)`/g)].map(([, name = '']) => name);
  expect(answer.includes('](') || tests.length > 0).toBe(true);
  expect(tests.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});

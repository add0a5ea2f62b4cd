import { expect, test } from 'vitest';
import { shortenName, shortenTokens } from '../../../../demo/site/words/shorten.ts';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm9uIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

test('no token is shown whole, wherever it stands', () => {
  const text = `Authorization: Bearer ${token}\nsubject_token=${token}`;
  const short = shortenTokens(text);
  expect(short).toBe('Authorization: Bearer eyJhbGciOi…b2tlbg\nsubject_token=eyJhbGciOi…b2tlbg');
  expect(short).not.toContain('eyJzdWIi');
});

test('an empty signature shows as one', () => {
  expect(shortenTokens('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm9uIn0.')).toBe('eyJhbGciOi….');
});

test('what is no token stays as it is', () => {
  expect(shortenTokens('Authorization: Bearer nonsense')).toBe('Authorization: Bearer nonsense');
});

test.each([
  ['anon_0123456789abcdefghijkl', 'anon_0123456…'],
  ['mZ9hYv1Tn0aQbLr5c2dEfg@visitor.invalid', 'mZ9hYv1Tn0aQ…@visitor.invalid'],
  ['ada@example.com', 'ada@example.com'],
])('%s becomes %s', (name, short) => expect(shortenName(name)).toBe(short));

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EventName, eventNames, isEventName, isPastEvent } from '../../src/identity/events.ts';
import { type DocsProject, openDocs } from './project.ts';

// What docs/identity.md shows compiles, and is what Netlify's bundler understands.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('identity.md');
});
afterAll(() => docs.close());

test('the code compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(3);
  expect(await docs.compile()).toBe('');
});

test('Netlify would call the event functions', async () => {
  const subscribed = await docs.subscriptions('export default {');
  expect(subscribed).toEqual([['identity_validate', 'identity_login'], ['identity_validate']]);
});

test('the webhook of one’s own GoTrue is no event function', async () => {
  expect(await docs.subscriptions('createIdentityWebhook(')).toEqual([[]]);
});

test('the table says which events can be denied, as the kit does', () => {
  const rows = [...docs.text.matchAll(/^\| `(\w+)` +\|.*\| ([^|]+?) +\|$/gm)].filter(([, name]) =>
    isEventName(name ?? ''),
  );
  const committed = rows.filter(([, , denial]) => denial?.startsWith('impossible')).map(([, name]) => name);
  expect(committed).toEqual(Object.keys(eventNames).filter((name) => isPastEvent(name as EventName)));
});

test('the table names every event', () => {
  const rows = [...docs.text.matchAll(/^\| `(\w+)` +\| (?:once|when|at|after)/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(eventNames));
});

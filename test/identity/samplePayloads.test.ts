import { expect, test } from 'vitest';
import { eventNames } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import recordings from '../contract/gotrue/open.json' with { type: 'json' };

test.each(Object.entries(samplePayloads))('%s is what GoTrue sent', (name, payload) => {
  const sent = recordings
    .flatMap(({ events = [] }) => events as { headers: Record<string, string>; body: unknown }[])
    .filter(({ headers }) => headers['x-netlify-event'] === `identity_${payload.event}`)
    .map(({ body }) => body);
  expect(sent).toContainEqual(payload);
  expect(payload.event).toBe(eventNames[name as keyof typeof eventNames].gotrue);
});

import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { createDevIdentity } from '../../dev/identity/start.ts';
import { compare, compareEvents } from './support/compare.ts';
import { compareHeaders } from './support/compareHeaders.ts';
import type { EventCall } from './support/hook.ts';
import { entriesOf } from './support/recording.ts';
import { readAnswer, requestOf } from './support/send.ts';
import { Translation } from './support/translation.ts';

// The recorded answer took 15 s: three deadlines of 5 s. They pass at once here, by a clock that the test moves.

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ['open', 'hook: slow'],
  ['admin', 'hook: deleted is slow'],
] as const)('%s, %s', async (mode, name) => {
  const entry = entriesOf(mode).find((each) => each.case === name);
  if (!entry) throw new Error(`The recording has no "${name}".`);
  const calls: EventCall[] = [];
  const logged: string[] = [];
  const identity = createDevIdentity({
    log: (line) => logged.push(line),
    events: {
      target: async (request) => {
        const headers = Object.fromEntries(request.headers);
        calls.push({ path: '/hook', headers, body: await request.text() });
        return new Promise<Response>(() => {});
      },
    },
  });
  const { jwtSecret, webhookSecret, instanceId } = identity;
  const by = { translation: new Translation(identity.operatorToken), jwtSecret, webhookSecret, instanceId };
  if (mode === 'admin') {
    const email = by.translation.toLive('admin-3-1795878340@visitor.invalid');
    by.translation.bind('6710c4d7-adaf-4393-95c7-801f62a8ea34', identity.users.plant({ email }).id);
  }

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let answered = false;
  const answering = identity.fetch(requestOf(entry.request, 'http://localhost', by.translation));
  answering.then(() => {
    answered = true;
  });
  for (let tries = 1; tries <= 3; tries += 1) {
    while (calls.length < tries) await setImmediate();
    vi.advanceTimersByTime(4_999);
    await setImmediate();
    expect(calls, `try ${tries} has 5 s`).toHaveLength(tries);
    expect(answered).toBe(false);
    // No row yet, or no row any more.
    expect(identity.users.count()).toBe(0);
    vi.advanceTimersByTime(1);
  }
  const answer = await readAnswer(await answering);

  expect(answer.status).toBe(entry.response.status);
  compareHeaders(entry.response.headers, answer.headers);
  await compare(entry.response.body, answer.body, 'the body', by);
  await compareEvents(entry.events, calls, by);
  expect(identity.users.count()).toBe(0);
  // What comes after the commit is only logged.
  expect(logged).toHaveLength(mode === 'admin' ? 1 : 0);
});

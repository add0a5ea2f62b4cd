import { beforeEach, expect, test } from 'vitest';
import { createSession } from '../../client/index.ts';
import {
  coldStart,
  FakeSite,
  FakeStorage,
  failureOf,
  json,
  optionsWith,
  origin,
} from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
let site: FakeSite;
let storage: FakeStorage;
const openTab = () => createSession(optionsWith({ storage }));
beforeEach(() => {
  site = new FakeSite();
  site.install();
  storage = new FakeStorage();
});

test('notifies the broker, forgets the token everywhere, and the next call begins another session', async () => {
  const [first, second] = [openTab(), openTab()];
  const reasons: string[] = [];
  first.on('ended', ({ reason }) => reasons.push(reason));
  const token = await first.token();
  site.lines();
  await first.revoke();
  expect(site.calls[0]).toMatchObject({ line: 'POST /session/revoke', body: `token=${token}` });
  expect(storage.items.size).toBe(0);
  expect(reasons).toEqual(['revoked']);
  site.lines();
  expect(await second.token()).not.toBe(token);
  expect(site.lines()).toEqual(coldStart);
});

test('revokes an expired token too', async () => {
  const session = openTab();
  await session.token();
  site.lines();
  pass(3000);
  await session.revoke();
  expect(site.lines()).toEqual(['POST /session/revoke']);
});

test('without a token does nothing', async () => {
  await openTab().revoke();
  expect(site.lines()).toEqual([]);
});

test('when the broker cannot be reached, says so and keeps the token for another try', async () => {
  const session = openTab();
  const token = await session.token();
  site.once('POST /session/revoke', () =>
    json(503, { detail: 'Redis did not answer in time.', code: 'store_unavailable' }, { 'retry-after': '2' }),
  );
  expect(await failureOf(session.revoke())).toMatchObject({
    code: 'store_unavailable',
    reason: 'Redis did not answer in time.',
    url: `${origin}/session/revoke`,
    retryAfterSeconds: 2,
  });
  expect(await session.token()).toBe(token);
  await session.revoke();
  expect(storage.items.size).toBe(0);
});

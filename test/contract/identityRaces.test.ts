import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { summaryOf } from './support/recording.ts';
import { findLiveServer, openTarget } from './support/target.ts';

// What a real GoTrue does when eight requests come at once. On ours the transactions are held open long enough
// for all eight to meet; on a live server it is a matter of luck, so fewer are enough there.

const live = await findLiveServer();
const skip = live !== undefined && live.mode !== 'open';
const lack = skip ? ` [needs a live server in mode open: this one is in mode ${live.mode}]` : '';
const target = await openTarget('open', live, { commitDelayMilliseconds: 150, events: undefined });
const authorization = `Bearer ${target.operatorToken}`;

afterAll(() => target.close());

const eight = <T>(request: () => Promise<T>) => Promise.all(Array.from({ length: 8 }, request));
const isYes = (status: number) => status === 200;

function signUp(email: string): Promise<Response> {
  const body = JSON.stringify({ email, password: 'correct-horse-battery' });
  return fetch(`${target.url}/signup`, { method: 'POST', body });
}

function deleteUser(id: string): Promise<Response> {
  return fetch(`${target.url}/admin/users/${id}`, { method: 'DELETE', headers: { authorization } });
}

test.skipIf(skip)(`eight concurrent DELETEs of one user${lack}`, async () => {
  const recorded = summaryOf('open', 'eight concurrent DELETEs of one user, 40 rounds');
  const user = (await (await signUp(`race-${randomUUID()}@visitor.invalid`)).json()) as { id: string };
  const statuses = (await eight(() => deleteUser(user.id))).map((response) => response.status);

  const yes = statuses.filter(isYes).length;
  expect(recorded.how_many_of_eight_answered_200).toHaveProperty(String(yes));
  expect(statuses.filter((status) => !isYes(status)).every((status) => status === 404)).toBe(true);
  if (!live) expect(yes, 'the worst that was recorded').toBe(8);
  expect((await deleteUser(user.id)).status, 'a later one').toBe(404);
});

test.skipIf(skip)(`eight concurrent sign-ups of one e-mail${lack}`, async () => {
  const recorded = summaryOf('open', 'eight concurrent sign-ups of one e-mail');
  const email = `race-${randomUUID()}@visitor.invalid`;
  const responses = await eight(() => signUp(email));
  const statuses = responses.map((response) => response.status);

  if (live) expect(statuses.filter(isYes).length, 'more than one row').toBeGreaterThan(1);
  else expect(statuses).toEqual(recorded.statuses);
  const made = await Promise.all(responses.filter((each) => isYes(each.status)).map((each) => each.json()));
  const ids = new Set((made as { id: string }[]).map((user) => user.id));
  expect(ids.size, 'each a row of its own').toBe(made.length);
  for (const id of ids) {
    const shown = await fetch(`${target.url}/admin/users/${id}`, { headers: { authorization } });
    expect(await shown.json()).toMatchObject({ id, email });
  }
  await Promise.all([...ids].map(deleteUser));
});

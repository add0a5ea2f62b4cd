import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import type { SweepResponse } from '../../../src/protocol/messages.ts';
import { closeToTheRule, created, orphans } from '../../broker/sweep/support.ts';
import { type BrokerStack, callerAddress, siteUrl, startBrokerStack } from '../../support/brokerStack.ts';
import { now, privateSecret } from '../../support/tokens.ts';
import { createTestIo } from '../support/testIo.ts';

let stack: BrokerStack;
beforeAll(async () => {
  stack = await startBrokerStack({ now: () => now, identity: { commitDelayMilliseconds: 0 } });
});
afterAll(() => stack.close());

async function run(args: readonly string[], given: Parameters<typeof createTestIo>[0] = {}) {
  const io = createTestIo({
    env: { DAYPASS_PRIVATE_SECRET: privateSecret },
    fetch: async (url, init) => stack.app.request(String(url), init, { clientAddress: callerAddress }),
    ...given,
  });
  const exitCode = await main(['sweep', siteUrl, ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('deletes throwaway users, and no others', async () => {
  for (const user of [...closeToTheRule, ...orphans(20)])
    stack.identity.users.plant({ ...created(7200), ...user });
  const { exitCode, out, error } = await run([]);
  expect([exitCode, out]).toEqual([
    0,
    'Done: 30 seen, of these 20 deleted, 0 gone, 10 kept, 0 failed, 0 unread.\n',
  ]);
  expect(error).toMatch(/^call 1: 30 seen, .*\nIdentity does not name its audiences/);
  expect(stack.identity.users.count()).toBe(closeToTheRule.length);
});

const answer = (given: Partial<SweepResponse>): SweepResponse => ({
  ...{ seen: 10, deleted: 8, gone: 1, kept: 1, failed: 0, unread: 0 },
  ...{ done: false, note: 'a note' },
  ...given,
});

/** A site that answers so, one after the other, and keeps the forms that it got. */
function answering(...answers: SweepResponse[]) {
  const forms: string[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    forms.push(String(init?.body));
    return Response.json(answers.shift());
  };
  return { forms, fetch: fetch as typeof globalThis.fetch };
}

test('goes on from call to call, until the end of the list, and adds up', async () => {
  const site = answering(
    answer({ cursor: 'filtered.1.' }),
    answer({ cursor: 'filtered.2.' }),
    answer({ done: true, deleted: 9, kept: 0 }),
  );
  const { exitCode, out, error } = await run(['--audience', 'a', '--audience', 'b', '--json'], site);
  expect([exitCode, error]).toEqual([0, '']);
  expect(JSON.parse(out)).toEqual({
    ...{ calls: 3, seen: 30, deleted: 25, gone: 3, kept: 2, failed: 0, unread: 0 },
    note: 'a note',
  });
  expect(site.forms).toEqual([
    'audience=a&audience=b',
    'audience=a&audience=b&cursor=filtered.1.',
    'audience=a&audience=b&cursor=filtered.2.',
  ]);
});

test.each(['failed', 'unread'] as const)('what %s leaves behind is a weakness', async (name) => {
  const { exitCode } = await run([], answering(answer({ done: true, [name]: 1 })));
  expect(exitCode).toBe(2);
});

test('a bar moves at a terminal, and is gone at the end', async () => {
  const site = answering(answer({ cursor: 'filtered.1.' }), answer({ done: true }));
  const { out, error } = await run([], { ...site, isInteractive: true });
  expect(error).toContain('\r█░░░░░░░░░░░░░░░░░░░ 10 seen, of these 8 deleted');
  expect(error).toContain('\r░█░░░░░░░░░░░░░░░░░░ 20 seen, of these 16 deleted');
  expect(error.endsWith('\ra note\n')).toBe(true);
  expect(out).toMatch(/^Done: 20 seen/);
});

test('a broker that stays where it is, is not called for ever', async () => {
  const stuck = answer({ seen: 0, cursor: 'filtered.1.' });
  const site = answering(stuck, stuck, stuck);
  const { exitCode, out } = await run(['--json'], site);
  expect([exitCode, JSON.parse(out).error.code, site.forms.length]).toEqual([1, 'sweep_stuck', 2]);
});

test('a refusal in between ends it, with the code', async () => {
  const fetch = async () => Response.json({ code: 'identity_unavailable', detail: 'Away.' }, { status: 503 });
  const { exitCode, out, error } = await run([], { fetch });
  expect([exitCode, out, error]).toEqual([1, '', 'error: Away. (503 identity_unavailable)\n']);
});

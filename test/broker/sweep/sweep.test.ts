import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type SweepOptions, sweep } from '../../../src/broker/sweep/sweep.ts';
import type { SweepResponse } from '../../../src/protocol/messages.ts';
import { codeOf } from '../../support/rejection.ts';
import {
  closeToTheRule,
  created,
  interleave,
  members,
  orphans,
  type SweepStack,
  startSweepStack,
} from './support.ts';

let stack: SweepStack;
// Time stands still unless a test says otherwise: a busy machine makes no record old.
beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());
const run = (options: Partial<SweepOptions> = {}) =>
  sweep(stack.broker, { budgetSeconds: 20, ...options }, stack.log);

/** Run after run, each from where the last one ended, as the owner of a site does. */
async function untilDone(options: Partial<SweepOptions>): Promise<SweepResponse[]> {
  const answers: SweepResponse[] = [];
  let { cursor } = options;
  do {
    const answer = await run({ ...options, cursor });
    answers.push(answer);
    cursor = answer.cursor;
    expect(answer.done).toBe(cursor === undefined);
    expect(answers.length).toBeLessThan(100);
  } while (cursor !== undefined);
  return answers;
}
const sum = (answers: SweepResponse[], name: 'seen' | 'deleted' | 'gone' | 'kept' | 'failed') =>
  answers.reduce((total, answer) => total + answer[name], 0);

describe.each(['mysql', 'mariadb'] as const)('Identity on %s', (filter) => {
  beforeEach(async () => {
    stack = await startSweepStack({ identity: { filter } });
  });
  afterEach(() => stack.close());

  test('all orphans are deleted, and no other deletion is requested', async () => {
    stack.plant([...closeToTheRule, ...members(1300)]);
    const staying = JSON.stringify(stack.identity.users.list());
    const leaving = stack.plant([{ email: 'X@Visitor.INVALID' }, ...orphans(1300), created20MinutesAgo]);
    const answer = await run();
    expect(stack.deletes.toSorted()).toEqual(leaving.map(({ id }) => id).toSorted());
    expect(JSON.stringify(stack.identity.users.list())).toBe(staying);
    expect(answer).toEqual({
      seen: answer.kept + 1302,
      deleted: 1302,
      gone: 0,
      // Nobody of another audience is shown, and by the filter nobody without the domain right behind an @.
      kept: filter === 'mysql' ? closeToTheRule.length - 2 : closeToTheRule.length - 1 + 1300,
      failed: 0,
      unread: 0,
      done: true,
      note: expect.stringContaining('audience'),
    });
  });

  test('a deleted user moves the others up, and no user is skipped', async () => {
    stack.plant(interleave(orphans(3100), [...closeToTheRule, ...members(1700)]));
    const answer = await run();
    expect([answer.deleted, answer.failed, answer.done]).toEqual([3100, 0, true]);
    expect(stack.emails().filter((email) => email.startsWith('orphan-'))).toEqual([]);
    expect(stack.identity.users.count()).toBe(closeToTheRule.length + 1700);
  });

  test('the oldest go first, and the next run goes on where this one ended', async () => {
    const planted = stack.plant(interleave([...closeToTheRule, ...members(900)], orphans(900)));
    const first = await run({ maxDeletions: 100 });
    const oldest = planted.filter(({ email }) => email.startsWith('orphan-')).slice(0, 100);
    expect(stack.deletes.toSorted()).toEqual(oldest.map(({ id }) => id).toSorted());
    expect(first).toMatchObject({ deleted: 100, done: false, cursor: expect.any(String) });
    const rest = await untilDone({ maxDeletions: 100, cursor: first.cursor });
    expect(rest.slice(0, 8).map(({ deleted }) => deleted)).toEqual(Array(8).fill(100));
    expect(sum([first, ...rest], 'deleted')).toBe(900);
    expect(stack.identity.users.count()).toBe(closeToTheRule.length + 900);
  });

  test('the time is bounded as well', async () => {
    vi.restoreAllMocks();
    stack.plant(interleave(members(300), orphans(300)));
    const short = await run({ budgetSeconds: 0.01 });
    expect(short.done).toBe(false);
    expect(stack.identity.users.count()).toBe(600 - short.deleted);
    const rest = await untilDone({ cursor: short.cursor });
    expect(short.deleted + sum(rest, 'deleted')).toBe(300);
    expect(stack.identity.users.count()).toBe(300);
  });

  test('a DELETE that fails is counted, the others go on, and the next run tries it again', async () => {
    const planted = stack.plant(interleave(members(1100), orphans(1100)));
    const stuck = planted.filter((_, index) => [1, 777, 2199].includes(index));
    for (const { id } of stuck) stack.identity.faults.answer[`/admin/users/${id}`] = 500;
    const answer = await run();
    expect(answer).toMatchObject({ deleted: 1097, failed: 3, gone: 0, done: true });
    expect(answer.seen).toBe(answer.kept + 1100);
    // On a slow machine their records are read again, which fails as well.
    expect(stack.deletes.length).toBeLessThanOrEqual(1100);
    stack.identity.faults.answer = {};
    expect(await run()).toMatchObject({ deleted: 3, failed: 0, done: true });
    expect(stack.identity.users.count()).toBe(1100);
  });

  test('a run that a failed DELETE ends goes on before that user, not behind', async () => {
    const [stuck] = stack.plant(interleave(orphans(4), members(4)));
    stack.onRequest((request) =>
      request.url.endsWith(`/${stuck?.id}`) && stack.deletes.length === 1
        ? new Response(null, { status: 500 })
        : undefined,
    );
    const answers = await untilDone({ maxDeletions: 2 });
    expect([sum(answers, 'deleted'), sum(answers, 'failed')]).toEqual([4, 1]);
    expect(stack.emails()).toEqual(members(4).map(({ email }) => email));
  });

  test('where no DELETE works, each is tried once and the run ends', async () => {
    stack.plant(orphans(2100));
    stack.onRequest((request) =>
      request.method === 'DELETE' ? new Response(null, { status: 500 }) : undefined,
    );
    expect(await run()).toMatchObject({ seen: 2100, deleted: 0, failed: 2100, done: true });
    expect(new Set(stack.deletes).size).toBe(2100);
    expect(stack.deletes).toHaveLength(2100);
  });

  test('two at once do each other no harm', async () => {
    stack.plant(interleave(orphans(1500), members(600)));
    const answers = await Promise.all([run(), run()]);
    expect(answers.map(({ done, failed }) => ({ done, failed }))).toEqual([
      { done: true, failed: 0 },
      { done: true, failed: 0 },
    ]);
    expect(sum(answers, 'deleted')).toBeGreaterThanOrEqual(1500);
    expect(stack.identity.users.count()).toBe(600);
  });

  test('a user who is gone by then is counted as gone', async () => {
    const [first] = stack.plant(orphans(3));
    stack.onRequest((request) =>
      request.url.endsWith(`/${first?.id}`)
        ? Response.json({ code: 404, msg: 'User not found' }, { status: 404 })
        : undefined,
    );
    expect(await run()).toMatchObject({ seen: 3, deleted: 2, gone: 1, failed: 0, done: true });
  });

  test('Identity goes away: the run ends, and the log says what was done', async () => {
    stack.plant(interleave(orphans(3000), members(3000)));
    stack.onRequest((request) =>
      stack.deletes.length > 400 && request.method === 'GET'
        ? new Response('bad gateway', { status: 502 })
        : undefined,
    );
    expect(await codeOf(() => run())).toBe('identity_unavailable');
    expect(JSON.parse(stack.logged.at(-1) ?? '')).toMatchObject({
      event: 'sweep',
      deleted: stack.deletes.length,
      done: false,
    });
  });

  test('users whom Identity cannot give are passed, named by their place, and counted; all others go', async () => {
    const planted = stack.plant(interleave(orphans(400), members(150)));
    const unreadable = planted.filter(
      ({ email }, index) => email.startsWith('orphan-') && [0, 1, 2, 40, 41, 300, 549].includes(index),
    );
    for (const { id } of unreadable) stack.unreadable.add(id);
    expect(await run()).toMatchObject({
      deleted: 400 - unreadable.length,
      unread: unreadable.length,
      failed: 0,
      done: true,
    });
    expect(stack.emails().filter((email) => email.startsWith('orphan-'))).toEqual(
      unreadable.map(({ email }) => email),
    );
    const told = stack.logged.map((line) => JSON.parse(line)).filter(({ event }) => event === 'sweep_unread');
    expect(told).toHaveLength(unreadable.length);
    expect(told[0]).toEqual({
      event: 'sweep_unread',
      audience: '',
      filtered: filter === 'mysql',
      position: 0,
    });
    expect(new Set(told.map(({ position }) => position)).size).toBe(unreadable.length);
    expect(stack.logged.join()).not.toContain('@');
  });

  test('a hundred of them in front hide no orphan, and cost a list each and few more', async () => {
    const planted = stack.plant(orphans(700));
    for (const { id } of planted.slice(0, 101)) stack.unreadable.add(id);
    expect(await run()).toMatchObject({ deleted: 599, unread: 101, failed: 0, done: true });
    // Each asked for alone, and each time whether Identity gives lists at all.
    expect(stack.lists.length).toBeLessThan(2 * 101 + 200);
  });

  test('neither answer nor log names a user', async () => {
    const planted = stack.plant(interleave(orphans(20), closeToTheRule));
    const told = JSON.stringify(await untilDone({ maxDeletions: 3 })) + stack.logged.join();
    expect(told).not.toContain('@');
    for (const { id } of planted) expect(told).not.toContain(id);
  });
});

describe('any Identity', () => {
  beforeEach(async () => {
    stack = await startSweepStack();
  });
  afterEach(() => stack.close());

  test('no users: done at once', async () => {
    expect(await run()).toMatchObject({ seen: 0, done: true });
    expect(stack.lists).toHaveLength(1);
  });

  test('where Identity cannot filter, it is asked in vain twice a run', async () => {
    stack.plant(members(5000));
    stack.onRequest((request) =>
      new URL(request.url).searchParams.has('filter') ? new Response(null, { status: 500 }) : undefined,
    );
    const { cursor, ...answer } = await run();
    expect(cursor).toBeUndefined();
    expect(answer).toMatchObject({ seen: 5000, kept: 5000, done: true });
    const filters = stack.lists.map((url) => url.searchParams.get('filter'));
    expect(filters.slice(0, 3)).toEqual(['@visitor.invalid', '@visitor.invalid', null]);
    expect(filters.slice(3).filter(Boolean)).toEqual([]);
  });

  test.each([502, 503, 504])(
    'a filtered list that answers %i is an error, not one without a filter',
    async (status) => {
      stack.plant(orphans(3));
      stack.onRequest((request) =>
        new URL(request.url).searchParams.has('filter') ? new Response(null, { status }) : undefined,
      );
      expect(await codeOf(() => run())).toBe('identity_unavailable');
      // In halves down to one user, and once for nobody: Identity gives no list at all.
      expect([stack.lists.length, stack.deletes.length]).toEqual([5, 0]);
    },
  );

  test.each([
    ['from the beginning', undefined, 1200, 300],
    ['from within the list', 'filtered.1000.', 1200, 300],
    ['from its last page, which is shorter', 'filtered.1000.', 1010, 30],
    ['from its last page, which is as long', 'filtered.1000.', 1010, 140],
  ])('an Identity that gives 150 at most is seen to its end, %s', async (_, cursor, editing, leaving) => {
    await stack.close();
    stack = await startSweepStack({ maxPerPage: 150 });
    const editors = members(editing).map(({ email }) => ({
      email: email.replace('example.com', 'visitor.invalid'),
      appMetadata: { provider: 'email', roles: ['editor'] },
    }));
    stack.plant([...editors, ...orphans(leaving)]);
    const kept = cursor ? editing - 1000 : editing;
    expect(await run({ cursor })).toMatchObject({ deleted: leaving, kept, failed: 0, done: true });
    expect(stack.identity.users.count()).toBe(editing);
    expect(stack.lists.length).toBeLessThan(25);
  });

  test('an Identity that gives the wrong number of users neither ends the run well nor keeps it', async () => {
    const user = { id: crypto.randomUUID(), aud: '', email: 'member@example.com' };
    const give = (count: (asked: number) => number) =>
      stack.onRequest((request) => {
        const asked = Number(new URL(request.url).searchParams.get('per_page'));
        const users = Array.from({ length: count(asked) }, () => user);
        return Response.json({ aud: '', users }, { headers: { 'x-total-count': '5000' } });
      });
    give(() => 0);
    expect(await codeOf(() => run())).toBe('identity_unavailable');
    expect(stack.lists.length).toBeLessThan(12);
    give((asked) => asked + 1);
    expect(await codeOf(() => run())).toBe('identity_unavailable');
    expect(stack.lists.length).toBeLessThan(13);
    give((asked) => asked - 1);
    expect(await codeOf(() => run())).toBe('identity_unavailable');
    expect(stack.lists.length).toBeLessThan(30);
  });

  test('a user who signs up between the count and the list costs nothing', async () => {
    const user = { id: crypto.randomUUID(), aud: '', email: 'member@example.com' };
    stack.onRequest(() =>
      Response.json({ aud: '', users: [user, user] }, { headers: { 'x-total-count': '1' } }),
    );
    expect(await run()).toMatchObject({ kept: 2, done: true });
    expect(stack.lists).toHaveLength(1);
  });

  test('a user who is deleted between the count and the list costs one list more', async () => {
    stack.plant(orphans(3));
    stack.onRequest(() =>
      stack.lists.length === 1
        ? Response.json({ aud: '', users: [] }, { headers: { 'x-total-count': '3' } })
        : undefined,
    );
    expect(await run()).toMatchObject({ deleted: 3, done: true });
    expect(stack.lists).toHaveLength(2);
  });

  test('a DELETE that is answered yes and does nothing ends the run all the same', async () => {
    stack.plant(orphans(2));
    stack.onRequest((request) => (request.method === 'DELETE' ? Response.json({}) : undefined));
    expect(await run({ maxDeletions: 10 })).toMatchObject({ deleted: 2, done: true });
  });

  test('an Identity that hangs: the run ends with its time', async () => {
    vi.restoreAllMocks();
    stack.plant(orphans(40));
    stack.identity.faults.hangPaths = stack.identity.users.list().map(({ id }) => `/admin/users/${id}`);
    const answer = await run({ budgetSeconds: 0.2 });
    expect(answer).toMatchObject({ deleted: 0, failed: 8, done: false, cursor: expect.any(String) });
    stack.identity.faults.hangPaths = [];
    expect(await run({ cursor: answer.cursor })).toMatchObject({ deleted: 40, done: true });
  });

  test('a user of 5 MB is read singly and swept, one of more than 32 MiB is skipped', async () => {
    const heavy = { userMetadata: { notes: 'x'.repeat(5 * 2 ** 20) } };
    const planted = stack.plant(orphans(6).map((user, index) => ({ ...user, ...(index === 2 && heavy) })));
    stack.unreadable.add(planted[4]?.id ?? '');
    stack.unreadable.answer = () =>
      new Response('{', { headers: { 'content-length': `${32 * 2 ** 20 + 1}` } });
    expect(await run()).toMatchObject({ deleted: 5, unread: 1, failed: 0, done: true });
    expect(stack.emails()).toEqual(['orphan-4@visitor.invalid']);
  });

  describe('no DELETE on a record older than a second', () => {
    let milliseconds: number;
    beforeEach(() => {
      milliseconds = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
    });
    test('who became an editor meanwhile stays, the others are read again and go', async () => {
      const planted = stack.plant(orphans(12));
      const editors = [planted[3], planted[9]].map((user) => user?.id ?? '');
      const reread: string[] = [];
      stack.onRequest(async (request) => {
        // The list takes a second and more.
        if (isList(request)) milliseconds += 1001;
        else if (request.method === 'GET') reread.push(request.url.split('/').at(-1) ?? '');
        const id = request.url.split('/').at(-1) ?? '';
        if (request.method !== 'GET' || !editors.includes(id)) return undefined;
        const { operatorToken, url } = stack.identity;
        await fetch(`${url}/admin/users/${id}`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${operatorToken}` },
          body: JSON.stringify({ app_metadata: { roles: ['editor'] } }),
        });
        return undefined;
      });
      expect(await run()).toMatchObject({ deleted: 10, kept: 2, failed: 0, done: true });
      expect(stack.identity.users.list().map(({ id }) => id)).toEqual(editors);
      expect(reread).toHaveLength(12);
    });

    test('a record read within the second is believed', async () => {
      stack.plant(orphans(8));
      stack.onRequest((request) => {
        if (isList(request)) milliseconds += 999;
        return undefined;
      });
      const before = stack.lists.length;
      expect(await run()).toMatchObject({ deleted: 8, done: true });
      expect(stack.lists.length - before).toBe(1);
    });

    test('when Identity gets slow on a long page, the rest is listed again instead of read one by one', async () => {
      stack.plant(orphans(300));
      stack.onRequest((request) => {
        if (request.method === 'DELETE') milliseconds += stack.deletes.length <= 40 ? 1 : 20;
        return undefined;
      });
      const before = stack.lists.length;
      expect(await run()).toMatchObject({ deleted: 300, gone: 0, failed: 0, done: true });
      const reads = stack.lists.slice(before).map(({ pathname }) => pathname.endsWith('/users'));
      expect(reads.filter((wasList) => !wasList)).toEqual([]);
      expect(reads.length).toBeLessThan(20);
    });

    test('an Identity that takes longer than that for one record deletes no user', async () => {
      stack.plant(orphans(3));
      stack.onRequest(() => {
        milliseconds += 1001;
        return undefined;
      });
      expect(await run()).toMatchObject({ deleted: 0, failed: 3, done: true });
      expect([stack.deletes, stack.identity.users.count()]).toEqual([[], 3]);
    });

    test('who is gone at the second look is counted as gone, and one who is another as kept', async () => {
      const [first, second] = stack.plant(orphans(2));
      stack.onRequest((request) => {
        if (isList(request)) milliseconds += 1001;
        else if (request.url.endsWith(`/${first?.id}`)) {
          return Response.json({ code: 404, msg: 'User not found' }, { status: 404 });
        } else if (request.url.endsWith(`/${second?.id}`)) {
          return Response.json({ id: crypto.randomUUID() });
        }
        return undefined;
      });
      expect(await run()).toMatchObject({ gone: 1, kept: 1, deleted: 0, done: true });
      expect(stack.deletes).toEqual([]);
    });
  });

  test("the policy's audience is the site's own", async () => {
    await stack.close();
    stack = await startSweepStack({ policy: { identity: { audience: 'site' } } });
    stack.plant([{ email: 'x@visitor.invalid', aud: 'site' }, ...orphans(2)]);
    expect(await run({ audiences: ['site'] })).toMatchObject({ deleted: 1, done: true });
    expect(stack.emails()).toEqual(orphans(2).map(({ email }) => email));
  });

  test('an Identity with an audience that the policy does not name: no user is deleted, and the note says why', async () => {
    stack.onRequest((request) => {
      const user = { id: crypto.randomUUID(), aud: 'site', email: 'z@visitor.invalid' };
      return isList(request)
        ? Response.json({ aud: 'site', users: [user] }, { headers: { 'x-total-count': '1' } })
        : undefined;
    });
    const answer = await run();
    expect(answer).toMatchObject({ seen: 0, deleted: 0, done: true });
    expect(answer.note).toMatch(/GOTRUE_JWT_AUD.*daypass\.config\.ts/);
  });

  test('with admission on, only those who carry its mark go', async () => {
    await stack.close();
    stack = await startSweepStack({ policy: { admission: {} } });
    stack.plant(closeToTheRule);
    expect(await run()).toMatchObject({ deleted: 1, done: true });
    expect(stack.emails()).not.toContain('marked@visitor.invalid');
  });

  test('other audiences are swept when they are named, and only their users', async () => {
    stack.plant([
      ...orphans(5),
      ...orphans(7).map((user) => ({ ...user, aud: 'other' })),
      { email: 'x@visitor.invalid', aud: 'third' },
      { email: 'm@example.com', aud: 'other' },
      { email: 'y@visitor.invalid', aud: 'other', ...created(60) },
    ]);
    expect((await run()).deleted).toBe(5);
    const answers = await untilDone({ audiences: ['other', 'nobody'], maxDeletions: 3 });
    expect(sum(answers, 'deleted')).toBe(7);
    expect(stack.emails().toSorted()).toEqual(['m@example.com', 'x@visitor.invalid', 'y@visitor.invalid']);
  });

  test('an audience that Identity does not list is not swept, and the note says so', async () => {
    await stack.close();
    stack = await startSweepStack();
    stack.plant([...orphans(2), { email: 'x@visitor.invalid', aud: 'other' }]);
    stack.onRequest((request) => {
      // As if X-JWT-AUD had not come through.
      const audience = request.headers.get('x-jwt-aud');
      if (!audience) return undefined;
      const user = { id: crypto.randomUUID(), aud: '', email: 'z@visitor.invalid' };
      return Response.json({ aud: '', users: [user] }, { headers: { 'x-total-count': '1' } });
    });
    const answer = await run({ audiences: ['other'] });
    expect(answer).toMatchObject({ deleted: 2, done: true });
    expect(answer.note).toContain('not swept');
    expect(stack.emails()).toEqual(['x@visitor.invalid']);
  });

  test.each(['', 'x', 'filtered', 'filtered.1', 'filtered.-1.', 'all.1e9.', 'all.12345678901.', 'all.1.%zz'])(
    'a cursor of %j is refused',
    async (cursor) => {
      stack.plant(orphans(1));
      expect(await codeOf(() => run({ cursor }))).toBe('malformed_request');
      expect([stack.lists, stack.deletes]).toEqual([[], []]);
    },
  );

  test('a cursor of an audience that is not named is refused; one past the end is done', async () => {
    expect(await codeOf(() => run({ cursor: 'filtered.0.other' }))).toBe('malformed_request');
    stack.plant(orphans(1));
    expect(await run({ cursor: 'all.999999999.' })).toMatchObject({ seen: 0, done: true });
    expect(stack.identity.users.count()).toBe(1);
  });

  test('without an operator token nothing is asked', async () => {
    stack.broker.operatorToken = () => undefined;
    expect(await codeOf(() => run())).toBe('identity_context_missing');
    expect(stack.lists).toEqual([]);
  });

  test('a wrong operator token, and a server that is not Identity', async () => {
    stack.broker.operatorToken = () => 'wrong';
    expect(await codeOf(() => run())).toBe('operator_token_refused');
    stack.onRequest(() => new Response('<html>'));
    expect(await codeOf(() => run())).toBe('identity_unavailable');
    stack.onRequest(() => Response.json({ aud: '', users: [null, 7, {}] }));
    expect(await codeOf(() => run())).toBe('identity_unavailable');
  });

  test('records that are none are kept', async () => {
    stack.onRequest(() =>
      Response.json({ aud: '', users: [null, 7, {}, []] }, { headers: { 'x-total-count': '4' } }),
    );
    expect(await run()).toMatchObject({ seen: 4, kept: 4, done: true });
    expect(stack.deletes).toEqual([]);
  });
});

const created20MinutesAgo = { email: 'old-enough@visitor.invalid', ...created(21 * 60) };
const isList = ({ url }: Request) => new URL(url).pathname.endsWith('/users');

import { expect, test } from 'vitest';
import { sweep } from '../../../src/broker/sweep/sweep.ts';
import { createIdentityClient } from '../../../src/identity/client.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { oddUser } from '../../support/oddUser.ts';
import { fc } from '../../support/property.ts';
import { now } from '../../support/tokens.ts';

// The sweep asks nobody's leave, so: whatever Identity lists, DELETE is called for nobody who breaks the sweep's rule. The
// rule stands here a second time, in other words than in src/identity.

const id = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';

function mayBeSwept(user: Record<string, unknown>, admission: boolean, audience: string): boolean {
  const { provider, roles } = (user.app_metadata ?? {}) as { provider?: unknown; roles?: unknown };
  const stamp = typeof user.created_at === 'string' ? user.created_at : '';
  const created = /^\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z$/.test(stamp) ? Date.parse(stamp) / 1000 : Infinity;
  const marks = JSON.stringify(roles ?? []);
  return (
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(String(user.id)) &&
    typeof user.id === 'string' &&
    user.aud === audience &&
    user.role === '' &&
    typeof user.email === 'string' &&
    /^[!-?A-~]+@visitor\.invalid$/i.test(user.email) &&
    provider === 'email' &&
    marks === (admission ? '["anonymous"]' : '[]') &&
    created + 1260 <= now
  );
}

test.each([
  ['without admission', false, ''],
  ['with admission', true, ''],
  ['in an audience that was named', false, 'other'],
])('no user who breaks the rule is swept, %s', async (_, admission, audience) => {
  const policy = definePolicy(admission ? { admission: {} } : {});
  let record: unknown;
  let deleted: string[] = [];
  const identity = createIdentityClient({
    url: 'https://site.example/.netlify/identity',
    fetch: async (input, init) => {
      const { method, url, headers } = new Request(input, init);
      if (method === 'DELETE') {
        deleted.push(url.split('/').at(-1) ?? '');
        return Response.json({});
      }
      const listed = headers.get('x-jwt-aud') ?? '';
      const users = listed === audience ? [record] : [];
      return Response.json({ aud: listed, users }, { headers: { 'x-total-count': `${users.length}` } });
    },
  });
  const broker = { policy, identity, operatorToken: () => 'operator', now: () => now, steadyNow: () => 0 };
  const options = { budgetSeconds: 60, audiences: audience === '' ? [] : [audience] };
  const counts = { deleted: 0, kept: 0 };
  const user = oddUser({ id, audience, oldestSeconds: 1400, youngestSeconds: 1200 });

  await fc.assert(
    fc.asyncProperty(user, async (generated) => {
      // JSON drops what is undefined, as the wire would.
      record = JSON.parse(JSON.stringify(generated));
      deleted = [];
      const answer = await sweep(broker, options, () => undefined);
      const expected = mayBeSwept(record as Record<string, unknown>, admission, audience);
      expect(deleted).toEqual(expected ? [(record as { id: string }).id] : []);
      expect([answer.deleted, answer.kept]).toEqual(expected ? [1, 0] : [0, 1]);
      counts[expected ? 'deleted' : 'kept'] += 1;
    }),
    { numRuns: 10_000 },
  );
  // Both kinds were met often enough to mean something.
  expect(counts.deleted).toBeGreaterThan(200);
  expect(counts.kept).toBeGreaterThan(3000);
});

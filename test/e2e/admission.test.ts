import { expect, test } from 'vitest';
import { startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { begin, openProofPage } from './support/proofPage.ts';
import { useSite } from './support/useSite.ts';

// The script tag with its solver against the whole of Daypass, on a site that asks for work.

const policy = definePolicy({ admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 500 } } });

describeWith('chromium')('a site that asks for a proof of work', () => {
  const site = useSite(() => startDemo(readSettings({ PORT: '0' }, policy), policy));

  const users = () => site.server.parts.identity?.users.list() ?? [];

  test('gives a pass to a visitor whose browser does the work, and keeps no user', async () => {
    const { page, faults } = await openProofPage(
      site.context,
      site.server.url,
      'data-proof="/daypass-proof.js"',
    );
    const { code, told } = await begin(page);
    expect([code, faults]).toEqual([undefined, []]);
    expect(told.at(-1)).toEqual({ fraction: 1, milliseconds: expect.any(Number) });
    expect(site.requests).toEqual([
      'GET /session/challenge',
      'POST /.netlify/identity/signup',
      'POST /.netlify/identity/token',
      'POST /session/token',
    ]);
    expect(users()).toEqual([]);
  });

  test('gives none to a page without the solver, and no user row', async () => {
    const { page } = await openProofPage(site.context, site.server.url, '');
    const { code, reason } = await begin(page);
    expect([code, reason]).toEqual(['admission_denied', 'Failed to handle signup webhook']);
    expect(users()).toEqual([]);
  });
});

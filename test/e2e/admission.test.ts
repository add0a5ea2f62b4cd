import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../../src/dev/settings.ts';
import { type DevServer, startDevServer } from '../../src/dev/startDevServer.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser, recordRequests } from './support/browser.ts';
import { begin, openProofPage } from './support/proofPage.ts';

// The script tag with its solver against the whole of Daypass, on a site that asks for work.

const policy = definePolicy({ admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 500 } } });

describeWith('chromium')('a site that asks for a proof of work', () => {
  let browser: Browser;
  let context: BrowserContext;
  let server: DevServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([
      launchBrowser(),
      startDevServer(readSettings({ PORT: '0' }, policy), policy),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  const users = () => server.parts.identity?.users.list() ?? [];

  test('gives a pass to a visitor whose browser does the work, and keeps no user', async () => {
    const requests = recordRequests(context, server.url);
    const { page, faults } = await openProofPage(context, server.url, 'data-proof="/daypass-proof.js"');
    const { code, told } = await begin(page);
    expect([code, faults]).toEqual([undefined, []]);
    expect(told.at(-1)).toEqual({ fraction: 1, milliseconds: expect.any(Number) });
    expect(requests).toEqual([
      'GET /session/challenge',
      'POST /.netlify/identity/signup',
      'POST /.netlify/identity/token',
      'POST /session/token',
    ]);
    expect(users()).toEqual([]);
  });

  test('gives none to a page without the solver, and no user row', async () => {
    const { page } = await openProofPage(context, server.url, '');
    const { code, reason } = await begin(page);
    expect([code, reason]).toEqual(['admission_denied', 'Failed to handle signup webhook']);
    expect(users()).toEqual([]);
  });
});

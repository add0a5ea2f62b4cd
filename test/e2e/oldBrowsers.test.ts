import type { Page, Route } from 'playwright-core';
import { beforeEach, expect, test } from 'vitest';
import { createWork, readProof } from '../client/support/challenge.ts';
import { describeWith } from '../support/optional.ts';
import { deleteMissing, missingNames } from '../support/safari154.ts';
import { openPage } from './support/browser.ts';
import { begin, openProofPage } from './support/proofPage.ts';
import { startProofSite } from './support/proofSite.ts';
import { useSite } from './support/useSite.ts';
import { ways } from './support/ways.ts';

// Chromium without what Safari 15.4 lacks, in the page and in its workers.

const status = "('/api/hello').then((response) => response.status, (error) => String(error))";

describeWith('chromium')('a browser as old as Safari 15.4', () => {
  const [, start] = ways[0] as (typeof ways)[number];
  const site = useSite(() => start());
  beforeEach(async () => {
    await site.context.addInitScript(deleteMissing);
    await site.context.route('**/daypass-solver.js', deleteFirst);
  });

  /** Init scripts run in pages, and not in their workers. */
  async function deleteFirst(route: Route): Promise<void> {
    const response = await route.fetch();
    await route.fulfill({ response, body: deleteMissing + (await response.text()) });
  }

  /** What is left of what was to be deleted, of names that a page may ask for. */
  const left = (page: Page) =>
    page.evaluate(
      `${JSON.stringify(missingNames)}.filter((name) => !name.startsWith('Navigator.') &&
        name.split('.').reduce((value, key) => value?.[key], globalThis) !== undefined)`,
    );

  test('lacks what it lacks', async () => {
    const page = await openPage(site.context, site.server.url, {});
    expect(await left(page)).toEqual([]);
    expect(await page.evaluate("'timeout' in AbortSignal || 'map' in [].values()")).toBe(false);
  });

  test('calls by the script tag, and renews', async () => {
    const page = await openPage(site.context, site.server.url, {
      html: '<script src="/daypass.js" data-api="/api/"></script>',
    });
    expect(await page.evaluate(`fetch${status}`)).toBe(200);
    expect(await page.evaluate('daypass.token({ renew: true })')).toMatch(/^eyJ/);
    expect(await page.evaluate('daypass.revoke()')).toBeUndefined();
  });

  test('calls by the module', async () => {
    const source = "import { createSession } from './client/index.ts'; window.session = createSession();";
    const page = await openPage(site.context, site.server.url, { source });
    expect(await page.evaluate(`session.fetch${status}`)).toBe(200);
  });

  test('makes proofs of work', async () => {
    const proofSite = await startProofSite();
    const work = await createWork({ counter: 300 });
    proofSite.challenge = work;
    const { page, faults } = await openProofPage(
      site.context,
      proofSite.url,
      'data-proof="/daypass-proof.js"',
    );
    expect([await begin(page), faults]).toMatchObject([{ told: expect.any(Array) }, []]);
    const proof = proofSite.signUps[0]?.data?.daypass_proof;
    expect(await readProof(proof)).toEqual({ challenge: work.challenge, verified: true });
    await proofSite.close();
  });

  test('an error that nobody foresaw keeps its words', async () => {
    const page = await openPage(site.context, site.server.url, {
      html: `<script src="/daypass.js" data-api="/api/"></script>
        <script>crypto.getRandomValues = () => { throw new Error('no entropy'); };</script>`,
    });
    const failure =
      'daypass.token().then(() => undefined, ({ name, code, message }) => [name, code, message])';
    expect(await page.evaluate(failure)).toEqual(['SessionError', 'unexpected_error', 'Daypass: no entropy']);
  });
});

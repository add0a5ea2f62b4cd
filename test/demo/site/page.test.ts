import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { attacks } from '../../../demo/site/lab/attacks.ts';
import type { RunningSite } from '../../../dev/server/site.ts';
import { registrationRemedy } from '../../../src/protocol/messages.ts';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { describeWays } from '../../e2e/support/ways.ts';
import { describeWith } from '../../support/optional.ts';
import { openDemo, press, textOf, widths } from './openDemo.ts';

function stepsOf(page: Page, run: number): Promise<string[]> {
  const rows = page.getByTestId('run').nth(run).getByTestId('request');
  return rows.evaluateAll((found) =>
    found.map(({ dataset }) => `${dataset.step} ${dataset.method} ${dataset.path} ${dataset.status}`),
  );
}

describeWith('chromium')('the demo page', () => {
  describeWays((start) => {
    let browser: Browser;
    let server: RunningSite;
    let context: BrowserContext;
    let faults: string[];
    beforeAll(async () => {
      browser = await launchBrowser();
      server = await start();
    });
    afterAll(async () => {
      await server.close();
      await browser.close();
    });
    beforeEach(async () => {
      faults = [];
      context = await browser.newContext();
    });
    afterEach(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });

    test('makes one call on load: shows each request of it, what the tokens say, and what the API answered', async () => {
      const page = await openDemo(context, server.url, faults);
      await page.getByTestId('limits').waitFor();
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
        'Your API answers only visitors who came through your site, at a rate you set, without a log-in.',
      );
      expect(await page.getByTestId('run').count()).toBe(1);
      expect(await stepsOf(page, 0)).toEqual([
        'sign-up POST /.netlify/identity/signup 200',
        'log-in POST /.netlify/identity/token 200',
        'exchange POST /session/token 200',
        'call GET /api/hello 200',
      ]);
      const session = JSON.parse(await textOf(page, 'api-answer-body')).you;
      expect(session).toMatch(/^anon_/);
      expect(await textOf(page, 'pass-session')).toBe(`${session.slice(0, 12)}…`);
      expect(await textOf(page, 'limits')).toContain('59 of 60 calls left in 1 minute');
      expect(await textOf(page, 'identity-token')).toContain('nf-ident');
      expect(await textOf(page, 'access-token')).toContain(server.url);
      expect(await textOf(page, 'pass-left')).toMatch(/^(5:00|4:\d\d)$/);
      expect(await page.locator('html').innerHTML()).not.toMatch(/eyJ[\w-]+\.eyJ/);
    });

    test('a revoked pass is seen refused before the next call gets a new one', async () => {
      const page = await openDemo(context, server.url, faults);
      const session = await textOf(page, 'pass-session');
      await press(page, 'revoke');
      const steps = await stepsOf(page, 0);
      expect(steps[0]).toBe('revocation POST /session/revoke 200');
      // A lease may let it through for a moment.
      expect(new Set(steps.slice(1, -1))).toEqual(
        new Set(steps.slice(1, -1).map(() => 'call GET /api/hello 200')),
      );
      expect(steps.at(-1)).toBe('call GET /api/hello 401');
      expect(await textOf(page, 'pass-left')).toBe('Revoked');
      expect(await textOf(page, 'pass-left-label')).toContain('The gate refused it: 401 token_revoked.');
      await page.locator('[data-chip=call][data-kind=refused]').waitFor();
      await press(page, 'call-api');
      expect(await stepsOf(page, 0)).toHaveLength(4);
      await page.locator('#pass[data-state=held]').waitFor();
      expect(await textOf(page, 'pass-session')).not.toBe(session);
    });

    test('renews and starts over, and says when nothing was sent', async () => {
      const page = await openDemo(context, server.url, faults);
      const session = await textOf(page, 'pass-session');
      await press(page, 'renew');
      await page.getByText(/^once, last at/).waitFor();
      expect(await stepsOf(page, 0)).toEqual(['renewal POST /session/token 200']);
      expect(await textOf(page, 'pass-session')).toBe(session);
      await press(page, 'start-over');
      await page.getByText('None yet', { exact: true }).waitFor();
      expect(await page.getByTestId('run').count()).toBe(0);
      await press(page, 'revoke');
      expect(await textOf(page, 'run-summary')).toBe('No request was sent. There is no pass to revoke.');
    });

    test('a reload makes one request with the pass that is there, and other tabs are heard', async () => {
      const page = await openDemo(context, server.url, faults);
      const session = await textOf(page, 'pass-session');
      const other = await openDemo(context, server.url, faults);
      expect(await textOf(other, 'pass-session')).toBe(session);
      expect(await stepsOf(other, 0)).toEqual(['call GET /api/hello 200']);
      await press(other, 'renew');
      await page.getByText(/^once, last at/).waitFor();
      await press(other, 'revoke');
      await page.getByText('Revoked', { exact: true }).waitFor();
    });

    test.each([
      ['light', 1280],
      ['dark', 390],
    ] as const)('every attack is held off, in the %s at %i pixels', async (colorScheme, width) => {
      const page = await openDemo(context, server.url, faults);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      await page.getByTestId('run-all').click();
      await page.getByRole('heading', { name: `${attacks.length} of ${attacks.length} held off` }).waitFor();
      expect(await textOf(page, 'lab-summary')).toBe(`${attacks.length} of ${attacks.length} held off`);
      const rows = page.locator('[data-attack]');
      expect(
        await rows.evaluateAll((found) => found.map(({ dataset }) => `${dataset.attack} ${dataset.verdict}`)),
      ).toEqual(attacks.map(({ id }) => `${id} refused`));
      for (const row of await rows.all()) {
        expect(await row.getByTestId('sent').first().textContent()).toMatch(
          /^(\d+ times, the last of them:\n)?(GET|POST) \//,
        );
        expect(await row.getByTestId('answered').last().textContent()).toMatch(/^\d{3} /);
        expect(await row.getByTestId('why').textContent()).not.toBe('');
      }
      const [scrolled, shown] = await widths(page);
      expect(scrolled).toBeLessThanOrEqual(shown ?? 0);
      // Nobody stays behind: no throwaway user, and no member of the lab's.
      await expect.poll(() => textOf(page, 'users-now')).toBe('0');
      await expect.poll(() => textOf(page, 'members-now')).toBe('0');
      expect(await page.locator('html').innerHTML()).not.toMatch(/eyJ[\w-]+\.eyJ/);
    });

    test('a site without the developer’s endpoints shows what a page can do by itself', async () => {
      await context.route(`${server.url}/dev`, (route) => route.fulfill({ status: 404, body: 'Not found' }));
      const page = await openDemo(context, server.url, faults);
      await page.locator('#lab-missing').waitFor();
      const shown = await page
        .locator('[data-attack]')
        .evaluateAll((found) => found.map(({ dataset }) => dataset.attack));
      expect(shown).toEqual(attacks.filter(({ local }) => !local).map(({ id }) => id));
      expect(await page.getByTestId('operator').isHidden()).toBe(true);
    });

    test('says which setting to change when registration is closed', async () => {
      const closed = await start({ identity: { registration: 'closed' } });
      try {
        const page = await openDemo(context, closed.url, faults);
        await page.getByRole('alert').waitFor();
        expect(await page.getByRole('alert').textContent()).toContain(registrationRemedy);
        expect(await stepsOf(page, 0)).toEqual(['sign-up POST /.netlify/identity/signup 403']);
        await page.getByTestId('run-revoked-session').click();
        const row = page.locator('[data-attack=revoked-session][data-verdict=not-run]');
        expect(await row.getByTestId('note').textContent()).toBe(
          'Refused. Signups not allowed for this instance.',
        );
      } finally {
        await closed.close();
      }
    });
  });
});

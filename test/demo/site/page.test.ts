import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { attacks } from '../../../demo/site/lab/attacks.ts';
import type { DevServer } from '../../../dev/server/start.ts';
import { registrationRemedy } from '../../../src/protocol/messages.ts';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { describeWays } from '../../e2e/support/ways.ts';
import { describeWith } from '../../support/optional.ts';
import { openDemo } from './openDemo.ts';

function stepsOf(page: Page, run: number): Promise<string[]> {
  const rows = page.getByTestId('run').nth(run).getByTestId('request');
  return rows.evaluateAll((found) =>
    found.map(({ dataset }) => `${dataset.step} ${dataset.method} ${dataset.path} ${dataset.status}`),
  );
}

async function textOf(page: Page, testId: string): Promise<string> {
  return (await page.getByTestId(testId).textContent()) ?? '';
}

async function holdPass(page: Page): Promise<void> {
  await page.getByTestId('get-pass').click();
  await page.locator('#pass[data-state=held]').waitFor();
}

function widths(page: Page): Promise<number[]> {
  return page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
}

describeWith('chromium')('the demo page', () => {
  describeWays((start) => {
    let browser: Browser;
    let server: DevServer;
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

    test('shows each request of the flow, what the tokens say, and what the API answered', async () => {
      const page = await openDemo(context, server.url, faults);
      await holdPass(page);
      expect(await stepsOf(page, 0)).toEqual([
        'sign-up POST /.netlify/identity/signup 200',
        'log-in POST /.netlify/identity/token 200',
        'exchange POST /session/token 200',
      ]);
      await page.getByTestId('call-api').click();
      await page.getByTestId('limits').waitFor();
      expect(await stepsOf(page, 0)).toEqual(['call GET /api/hello 200']);
      const session = JSON.parse(await textOf(page, 'api-answer-body')).you;
      expect(session).toMatch(/^anon_/);
      expect(await textOf(page, 'pass-session')).toBe(`${session.slice(0, 12)}…`);
      expect(await textOf(page, 'limits')).toContain('59 of 60 calls left in 1 minute');
      expect(await textOf(page, 'identity-token')).toContain('nf-ident');
      expect(await textOf(page, 'access-token')).toContain(server.url);
      expect(await textOf(page, 'pass-left')).toMatch(/^(5:00|4:5\d)$/);
      expect(await page.locator('html').innerHTML()).not.toMatch(/eyJ[\w-]+\.eyJ/);
    });

    test('renews, revokes and starts over, and says when nothing was sent', async () => {
      const page = await openDemo(context, server.url, faults);
      await page.getByTestId('revoke').click();
      expect(await textOf(page, 'run-summary')).toBe('No request was sent. There is no pass to revoke.');
      await holdPass(page);
      const session = await textOf(page, 'pass-session');
      await page.getByTestId('renew').click();
      await page.getByText(/^once, last at/).waitFor();
      expect(await stepsOf(page, 0)).toEqual(['renewal POST /session/token 200']);
      expect(await textOf(page, 'pass-session')).toBe(session);
      await page.getByTestId('revoke').click();
      await page.getByText('Revoked', { exact: true }).waitFor();
      expect(await stepsOf(page, 0)).toEqual(['revocation POST /session/revoke 200']);
      await page.getByTestId('start-over').click();
      await page.getByText('None yet', { exact: true }).waitFor();
      expect(await page.getByTestId('run').count()).toBe(0);
    });

    test('knows of the pass after a reload, and of what another tab does with it', async () => {
      const page = await openDemo(context, server.url, faults);
      await holdPass(page);
      const session = await textOf(page, 'pass-session');
      const other = await openDemo(context, server.url, faults);
      await other.locator('#pass[data-state=held]').waitFor();
      expect(await textOf(other, 'pass-session')).toBe(session);
      expect(await other.getByTestId('run').count()).toBe(0);
      await other.getByTestId('renew').click();
      await page.getByText(/^once, last at/).waitFor();
      await other.getByTestId('revoke').click();
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
      await page.getByText(`${attacks.length} of ${attacks.length} held off.`).first().waitFor();
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
      expect(await page.locator('#users').isHidden()).toBe(true);
    });

    test('the keyboard does all, and keeps its place', async () => {
      const page = await openDemo(context, server.url, faults);
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the demo');
      await page.getByTestId('call-api').focus();
      await page.keyboard.press('Enter');
      await page.getByTestId('limits').waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('call-api');
      await expect.poll(() => page.getByRole('status').textContent()).toBe('The API answered 200.');
    });

    test('says which setting to change when registration is closed', async () => {
      const closed = await start({ identity: { registration: 'closed' } });
      try {
        const page = await openDemo(context, closed.url, faults);
        await page.getByTestId('get-pass').click();
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

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { backendSnippets, pageSnippets } from '../../../demo/site/addToSite.ts';
import { attacks } from '../../../demo/site/lab/attacks.ts';
import type { RunningSite } from '../../../dev/server/site.ts';
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

/** Presses a button, and waits until its work is done. */
async function press(page: Page, testId: string): Promise<void> {
  await page.getByTestId(testId).click();
  await page.locator(`[data-testid=${testId}][aria-disabled=false]`).waitFor();
}

/** Every visible text whose contrast is below what WCAG 2.2 §1.4.3 asks for, with its ratio. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = ([red = 0, green = 0, blue = 0]: number[]) => {
      const [r, g, b] = [red, green, blue].map((channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element: Element): number[] => {
      for (let at: Element | null = element; at; at = at.parentElement) {
        const ground = channels(getComputedStyle(at).backgroundColor);
        if ((ground[3] ?? 1) === 1) return ground;
      }
      return [255, 255, 255];
    };
    return [...document.querySelectorAll<HTMLElement>('body *')].flatMap((element) => {
      const text = [...element.childNodes]
        .map((node) => (node.nodeType === 3 ? node.textContent : ''))
        .join('');
      const isSeen = element.checkVisibility() && !element.closest('.unseen, [aria-disabled=true]');
      if (text.trim() === '' || !isSeen) return [];
      const { color, fontSize, fontWeight } = getComputedStyle(element);
      const [one, other] = [luminance(channels(color)), luminance(groundOf(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const size = Number.parseFloat(fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
      return ratio < (isLarge ? 3 : 4.5) ? [`${ratio.toFixed(2)} ${text.trim().slice(0, 40)}`] : [];
    });
  });
}

function widths(page: Page): Promise<number[]> {
  return page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
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

    test('each part of the picture lights up as it answers, and keeps its status', async () => {
      await context.addInitScript(() => {
        const lit: string[] = [];
        Object.assign(globalThis, { lit });
        new MutationObserver((records) => {
          for (const { target } of records) {
            const { part = '', lit: isLit } = (target as HTMLElement).dataset;
            if (isLit && part !== 'page') lit.push(part);
          }
        }).observe(document, { subtree: true, attributeFilter: ['data-lit'] });
      });
      const page = await openDemo(context, server.url, faults);
      const chips = () =>
        page
          .locator('[data-chip]')
          .evaluateAll((all) => all.map(({ dataset }) => `${dataset.chip} ${dataset.status ?? '–'}`));
      const called = ['sign-up 200', 'log-in 200', 'exchange 200', 'renewal –', 'revocation –', 'call 200'];
      await expect.poll(chips).toEqual(called);
      const lit = await page.evaluate(() => (globalThis as unknown as { lit: string[] }).lit);
      expect(lit).toEqual(['identity', 'identity', 'broker', 'gate']);
      // A call with a pass in hand asks the gate alone.
      await press(page, 'call-api');
      await expect
        .poll(chips)
        .toEqual(['sign-up –', 'log-in –', 'exchange –', 'renewal –', 'revocation –', 'call 200']);
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

    test.each(['light', 'dark'] as const)(
      'a phone shows everything within 4 000 pixels before a click, in the %s',
      async (colorScheme) => {
        const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme });
        try {
          const page = await openDemo(phone, server.url, faults);
          await page.locator('[data-chip=call][data-status]').waitFor();
          const [height = 0, width = 0] = await page.evaluate(() => [
            document.documentElement.scrollHeight,
            document.documentElement.scrollWidth,
          ]);
          expect(height).toBeLessThanOrEqual(4000);
          expect(width).toBe(390);
          // What is folded opens.
          await page.locator('.attacks-fold summary').first().click();
          await page.getByTestId('run-no-token').click();
          await page.locator('[data-attack=no-token][data-verdict=refused]').waitFor();
          expect(await page.locator('[data-attack=no-token] [data-testid=answered]').isVisible()).toBe(false);
          await page.getByText('What went out and came back').click();
          expect(await page.locator('[data-attack=no-token] [data-testid=answered]').isVisible()).toBe(true);
        } finally {
          await phone.close();
        }
      },
    );

    test.each(['light', 'dark'] as const)(
      'text stands out from its ground by WCAG AA, in the %s',
      async (colorScheme) => {
        const page = await openDemo(context, server.url, faults);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await press(page, 'revoke');
        await page.getByTestId('run-no-token').click();
        await page.locator('[data-attack=no-token][data-verdict=refused]').waitFor();
        expect(await faintTexts(page)).toEqual([]);
      },
    );

    test('shows how to add it for each stack, and copies the code', async () => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
      const page = await openDemo(context, server.url, faults);
      for (const [kind, snippets] of Object.entries({ page: pageSnippets, backend: backendSnippets })) {
        for (const { id, code } of snippets) {
          await page.getByTestId(`stack-${id}`).click();
          expect(await textOf(page, `${kind}-code`)).toBe(code);
          await page.getByTestId(`copy-${kind}`).click();
          await expect.poll(() => textOf(page, `copy-${kind}`)).toBe('Copied');
          expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);
        }
      }
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

    test('the keyboard reaches everything in the order of the page, does it, and keeps its place', async () => {
      const page = await openDemo(context, server.url, faults);
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the demo');
      // All that takes the focus, in turn, until it leaves the page.
      const order: number[] = [];
      const unseen: string[] = [];
      for (let index = 0; index < 200; index += 1) {
        const at = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          const { outlineStyle } = getComputedStyle(element);
          const all = [...document.querySelectorAll('*')];
          return { name: element.outerHTML.slice(0, 80), outlineStyle, place: all.indexOf(element) };
        });
        if (at.name.startsWith('<body')) break;
        order.push(at.place);
        if (at.outlineStyle === 'none') unseen.push(at.name);
        await page.keyboard.press('Tab');
      }
      expect(unseen).toEqual([]);
      expect(order.length).toBeGreaterThan(40);
      expect(order).toEqual([...order].sort((one, other) => one - other));
      for (const key of ['Enter', 'Space']) {
        await page.getByTestId('call-api').focus();
        await page.keyboard.press(key);
        await page.locator('#call-api[aria-disabled=true]').waitFor();
        await page.locator('#call-api[aria-disabled=false]').waitFor();
        expect(await page.evaluate(() => document.activeElement?.id)).toBe('call-api');
        await expect.poll(() => page.getByRole('status').textContent()).toBe('The API answered 200.');
      }
      const fold = page.locator('details[data-testid=access-token]');
      await fold.locator('summary').first().focus();
      await page.keyboard.press('Enter');
      expect(await fold.getAttribute('open')).toBeNull();
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

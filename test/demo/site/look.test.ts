import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { backendSnippets, pageSnippets } from '../../../demo/site/addToSite.ts';
import type { RunningSite } from '../../../dev/server/site.ts';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { ways } from '../../e2e/support/ways.ts';
import { describeWith } from '../../support/optional.ts';
import { openDemo, press, textOf } from './openDemo.ts';

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

const [, start] = ways[0] as (typeof ways)[number];

// What is the same whatever serves the page.
describeWith('chromium')('the look of the demo page', () => {
  let browser: Browser;
  let server: RunningSite;
  let context: BrowserContext;
  let faults: string[];
  beforeAll(async () => {
    browser = await launchBrowser();
    server = await start({ redisBackend: 'memory' });
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
});

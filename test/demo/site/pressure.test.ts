import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LimitsState } from '../../../demo/site/pressure/ceilingPanel.ts';
import type { StackState } from '../../../demo/site/pressure/stack.ts';
import { startDemo } from '../../../demo/startDemo.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import type { RunningSite } from '../../../dev/server/site.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { launchBrowser } from '../../e2e/support/browser.ts';
import { describeWays, type Start, ways } from '../../e2e/support/ways.ts';
import { describeWith } from '../../support/optional.ts';
import { openDemo, press, textOf, widths } from './openDemo.ts';

/** The texts of each row, with a space between. */
async function rowsOf(page: Page, testId: string): Promise<string[]> {
  const rows = await page.getByTestId(testId).evaluateAll((found) =>
    found.map((row) => {
      const texts: (string | null)[] = [];
      const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) texts.push(walker.currentNode.textContent);
      return texts.join(' ');
    }),
  );
  return rows.map((row) => row.trim().replace(/\s+/g, ' '));
}

async function topOf(locator: Locator): Promise<number> {
  return locator.evaluate((element) => element.getBoundingClientRect().top + window.scrollY);
}

describeWith('chromium')('the page under pressure', () => {
  let browser: Browser;
  let server: RunningSite;
  let context: BrowserContext;
  let faults: string[];

  function onA(start: Start): void {
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
      context = await browser.newContext({ reducedMotion: 'reduce' });
    });
    afterEach(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
  }

  async function open(): Promise<Page> {
    const page = await openDemo(context, server.url, faults);
    await page.locator('[data-testid=redis-state][data-kind=ok]').waitFor();
    return page;
  }

  async function limitsState(): Promise<LimitsState> {
    return (await fetch(`${server.url}/dev/limits`)).json() as Promise<LimitsState>;
  }

  async function stackState(): Promise<StackState> {
    return (await fetch(`${server.url}/dev/stack`)).json() as Promise<StackState>;
  }

  describe('beside a GoTrue that does not ask the event function', () => {
    let gotrue: DevIdentityServer;
    onA(async () => {
      gotrue = await startDevIdentity();
      const env = { PORT: '0', IDENTITY_URL: gotrue.url, IDENTITY_OPERATOR_TOKEN: gotrue.operatorToken };
      const policy = definePolicy();
      return startDemo(readSettings(env, policy), policy, { redisBackend: 'memory' });
    });
    afterAll(() => gotrue.close());

    test('offers no price on sign-up, and says why and which Identity it is', async () => {
      const page = await open();
      expect(await textOf(page, 'identity')).toBe(`GoTrue at ${gotrue.url}`);
      for (const position of ['none', 'proof-of-work']) {
        expect(await page.getByTestId(`admission-${position}`).isVisible()).toBe(false);
      }
      expect(await page.getByTestId('admission-off').isVisible()).toBe(true);
      expect(await textOf(page, 'proof-unasked')).toContain(
        `Set its GOTRUE_WEBHOOK_URL to ${server.url}/.netlify/functions/identity.`,
      );
      await page.setViewportSize({ width: 390, height: 900 });
      const [wide = 0, window = 0] = await widths(page);
      expect(wide).toBeLessThanOrEqual(window);
    });
  });

  describeWays((start) => {
    onA(start);

    test('has the switches that this stack has, and says so where it has none', async () => {
      const { canSwitch, canKill } = await stackState();
      const page = await open();
      expect(await textOf(page, 'identity')).toBe('The stand-in, in memory');
      expect(await page.getByTestId('proof-unasked').isVisible()).toBe(false);
      for (const group of ['proof', 'monitor', 'store']) {
        expect(await page.locator(`#${group}-choice`).isVisible()).toBe(canSwitch);
      }
      for (const panel of ['proof', 'monitor', 'redis']) {
        expect(await page.getByTestId(`${panel}-fixed`).isVisible()).toBe(!canSwitch);
        expect(await textOf(page, `${panel}-fixed`)).toContain('daypass.config.ts');
      }
      // The emulator's gate remembers nothing from one call to the next.
      for (const panel of ['monitor', 'redis']) {
        expect(await textOf(page, `${panel}-fixed`)).toContain('starts a new gate for each call');
      }
      expect(await page.locator('#redis-patience').isVisible()).toBe(canSwitch);
      expect(await page.getByTestId('counts').isVisible()).toBe(canSwitch);
      expect(await page.getByText('The switches change the stack').isVisible()).toBe(canSwitch);
      expect(await page.getByText('Redis can be stopped').isVisible()).toBe(!canSwitch);
      for (const shownWithKills of ['killed', 'recovered']) {
        expect(await page.getByTestId(shownWithKills).isVisible()).toBe(canKill);
      }
      expect(await page.getByTestId('kill').isVisible()).toBe(canKill);
      expect(await page.getByTestId('orphans-fixed').isVisible()).toBe(!canKill);
      expect(await page.getByRole('link', { name: 'Pressure' }).isVisible()).toBe(true);
    });

    test('a site without the developer’s endpoints shows nothing of it', async () => {
      await context.route(`${server.url}/dev`, (route) => route.fulfill({ status: 404, body: 'Not found' }));
      const page = await openDemo(context, server.url, faults);
      await page.locator('#lab-missing').waitFor();
      expect(await page.getByTestId('pressure').isHidden()).toBe(true);
      expect(await page.getByRole('link', { name: 'Pressure' }).count()).toBe(0);
    });

    test('calls with a bad token are refused, and counted once each', async () => {
      const page = await open();
      const sent: string[] = [];
      await press(page, 'bad-tokens');
      const said = '10 calls: 10 answered 401 token_malformed.';
      expect(await textOf(page, 'monitor-said')).toBe(said);
      if ((await stackState()).canSwitch) {
        expect(await rowsOf(page, 'count')).toContainEqual(
          expect.stringMatching(/^Refused token_malformed \/api\/\S+ 10 \+10$/),
        );
      }
      // Who does nothing more causes no requests.
      page.on('request', (request) => sent.push(request.url()));
      await page.waitForTimeout(1500);
      expect(sent).toEqual([]);
    });

    test.each([
      ['light', 1280],
      ['dark', 390],
    ] as const)(
      'Redis is stopped, asked about and started, in the %s at %i pixels',
      async (colorScheme, width) => {
        const { canSwitch, policy } = await stackState();
        const page = await open();
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const footer = page.locator('footer');
        const top = await topOf(footer);
        await press(page, 'ask-policies');
        expect(await textOf(page, 'redis-said')).toBe('Everything is as it was before.');
        const asked = {
          local: /^Counts locally 200 RateLimit: session \d+, address \d+ left \S+ m?s then \S+ m?s$/,
          deny: /^Refuses 503 store_unavailable Retry-After: \d+ \S+ m?s then \S+ m?s$/,
          allow: /^Lets through 200 No RateLimit \S+ m?s then \S+ m?s$/,
        };
        for (const storeFailure of ['local', 'deny', 'allow'] as const) {
          if (!canSwitch && storeFailure !== policy.storeFailure) continue;
          expect(await rowsOf(page, `answer-${storeFailure}`)).toEqual([
            expect.stringMatching(asked[storeFailure]),
          ]);
        }
        expect(await rowsOf(page, 'answer-exchange')).toEqual([
          expect.stringMatching(/^Exchange 503 store_unavailable Retry-After: \d+ \S+ m?s$/),
        ]);
        expect(await page.getByTestId('answer-return').getAttribute('data-status')).toBe('200');
        expect(await textOf(page, 'answer-return')).not.toContain('RateLimit');
        expect((await stackState()).redis).toBe('running');
        expect((await stackState()).policy).toEqual(policy);
        await expect.poll(() => textOf(page, 'orphans-throwaway')).toBe('0');
        const [scrolled, shown] = await widths(page);
        expect(scrolled).toBeLessThanOrEqual(shown ?? 0);
        // What came has taken the room that was kept for it.
        expect(Math.abs((await topOf(footer)) - top)).toBeLessThanOrEqual(1);
      },
    );

    test('a stopped Redis is seen by the whole page, and starts again when the page is left', async () => {
      const page = await open();
      await press(page, 'switch-redis');
      expect(await textOf(page, 'redis-state')).toBe('stopped');
      await page.getByTestId('renew').click();
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('Redis did not answer in time.');
      await page.close();
      await expect.poll(async () => (await stackState()).redis).toBe('running');
    });

    test('a ceiling closes for two visitors together, and other routes go on', async () => {
      const { canSwitch } = await stackState();
      const page = await open();
      const { ceiling } = await limitsState();
      await expect.poll(() => page.getByTestId('ceiling').isVisible()).toBe(ceiling !== null);
      if (!ceiling) return;
      await expect.poll(() => textOf(page, 'ceiling-terms')).toContain('/api/quote costs 2 units');
      expect(await page.getByTestId('ceiling-fixed').isVisible()).toBe(!canSwitch);
      // Each call starts a process under the emulator: on a busy machine the minute is over before 48 of them are.
      if (!canSwitch) return;
      const before = await limitsState();
      await press(page, 'use-up');
      const after = await limitsState();
      const calls = /^(\d+) granted, (\d+) refused$/.exec(await textOf(page, 'ceiling-calls'));
      const [granted, refused] = [Number(calls?.[1]), Number(calls?.[2])];
      expect(refused).toBeGreaterThan(0);
      // A minute may end on the way; within two of them the window never grants twice its limit.
      expect(granted).toBeGreaterThan(0);
      expect(granted * ceiling.cost).toBeLessThan(2 * ceiling.limit);
      expect(await textOf(page, 'ceiling-said')).toMatch(
        /^The ceiling closed: 429 rate_limited\. The next call may pass in /,
      );
      expect(await textOf(page, 'ceiling-spent')).toBe(`${granted * ceiling.cost} by these calls`);
      expect(await textOf(page, 'ceiling-leased')).toMatch(/^\d+ of 80$/);
      const trips = /^(\d+) for (\d+) calls, (\d+\.\d\d) a call$/.exec(await textOf(page, 'ceiling-trips'));
      expect(Number(trips?.[2])).toBe(granted + refused);
      expect(Number(trips?.[3])).toBeCloseTo(Number(trips?.[1]) / (granted + refused), 1);
      // The exchanges of the two visitors and the counts asked Redis as well.
      expect(Number(trips?.[1])).toBeGreaterThan(0);
      expect(Number(trips?.[1])).toBeLessThanOrEqual((after.roundTrips ?? 0) - (before.roundTrips ?? 0));
      const fields = await textOf(page, 'ceiling-fields');
      expect(fields).toMatch(/^HTTP 429\nRateLimit-Policy: "total \/api\/quote";q=80;w=60/);
      expect(fields).toMatch(/\nRateLimit: "total \/api\/quote";r=0;t=\d+/);
      expect(fields).toMatch(/\nRetry-After: \d+$/);
      expect(await textOf(page, 'ceiling-other')).toBe('GET /api/hello: 200');
      expect(Number(trips?.[1])).toBeLessThan(granted + refused);
      expect(await textOf(page, 'ceiling-near')).toMatch(/^[\d:]+, \d+ units left \(ceiling_near\)$/);
      expect(await textOf(page, 'ceiling-reached')).toMatch(/^[\d:]+, for .+ \(ceiling_reached\)$/);
      expect(after.moments.map(({ event }) => event)).toEqual(
        expect.arrayContaining(['ceiling_near', 'ceiling_reached']),
      );
    });

    test('the sweep tells what it saw', async () => {
      const page = await open();
      await press(page, 'sweep');
      expect(await textOf(page, 'swept')).toMatch(/^\d+ seen, 0 deleted, \d+ kept/);
      expect(await textOf(page, 'sweep-note')).not.toBe('');
    });
  });

  const [, startHere] = ways[0] as (typeof ways)[number];

  describe('where the policy can be switched', () => {
    onA(startHere);

    test('a sign-up without the proof gets Identity’s refusal, one with it a pass', async () => {
      const page = await open();
      await press(page, 'admission-proof-of-work');
      expect(await page.getByTestId('admission-proof-of-work').getAttribute('aria-pressed')).toBe('true');
      await press(page, 'without-solver');
      expect(await textOf(page, 'proof-sign-up')).toBe('422: “Failed to handle signup webhook”');
      expect(await textOf(page, 'proof-pass')).toBe('None');
      await press(page, 'with-solver');
      expect(await textOf(page, 'proof-made')).toMatch(/^In [\d.]+ m?s, at try [\d,]+$/);
      expect(await textOf(page, 'proof-sign-up')).toBe('Accepted');
      expect(await textOf(page, 'proof-pass')).toMatch(/^After [\d.]+ m?s in all$/);
      expect(await page.getByTestId('proof-progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(
        1,
      );
      // It is the page's own pass now, and what it took is listed.
      await page.locator('#pass[data-state=held]').waitFor();
      const steps = await page
        .getByTestId('run')
        .first()
        .getByTestId('request')
        .evaluateAll((rows) => rows.map(({ dataset }) => dataset.step));
      expect(steps).toEqual(['challenge', 'sign-up', 'log-in', 'exchange']);
      // The page's other buttons bring the proof too, and so does the lab.
      await page.getByTestId('start-over').click();
      await page.getByText('None yet', { exact: true }).waitFor();
      await press(page, 'call-api');
      await page.locator('#pass[data-state=held]').waitFor();
      await page.getByTestId('run-identity-token').click();
      await page.locator('[data-attack=identity-token][data-verdict=refused]').waitFor();
      await press(page, 'admission-off');
      await press(page, 'with-solver');
      expect(await textOf(page, 'proof-made')).toBe('None: it was not asked for');
      expect(await textOf(page, 'proof-said')).toBe('A new pass; no proof was asked for.');
    });

    test('a Redis that the visitor stopped is stopped again after the questions', async () => {
      const page = await open();
      await press(page, 'switch-redis');
      await press(page, 'ask-policies');
      expect(await textOf(page, 'redis-said')).toBe('Redis is stopped again, as you left it.');
      expect(await textOf(page, 'redis-state')).toBe('stopped');
      await page.close();
      await expect.poll(async () => (await stackState()).redis).toBe('running');
    });

    test.each([1280, 390])(
      'the keyboard scrolls the counts at %i pixels, and no line is cut',
      async (width) => {
        const codes = ['token_malformed', 'token_expired', 'token_signature', 'rate_limited'] as const;
        const counts = (['refused', 'would_refuse'] as const).flatMap((event) =>
          codes.map((code) => ({ day: '2026-11-21', event, code, route: '/api/*', count: 12_345 })),
        );
        let shown = counts.slice(0, 2);
        await context.route(`${server.url}/dev/stats`, (route) => route.fulfill({ json: { counts: shown } }));
        const page = await open();
        await page.setViewportSize({ width, height: 900 });
        const scroller = page.getByRole('region', { name: 'Counts' });
        await page.getByTestId('count').first().waitFor();
        expect(await scroller.getAttribute('tabindex')).toBeNull();
        shown = counts;
        await press(page, 'bad-tokens');
        expect(await scroller.getAttribute('tabindex')).toBe('0');
        const cut = await scroller.evaluate((element) => {
          const end = element.getBoundingClientRect().bottom;
          return [...element.querySelectorAll('tr')]
            .map((row) => row.getBoundingClientRect())
            .filter(({ top, bottom }) => top < end - 1 && bottom > end + 1).length;
        });
        expect(cut).toBe(0);
        await scroller.focus();
        await page.keyboard.press('End');
        await expect.poll(() => scroller.evaluate((element) => element.scrollTop)).toBeGreaterThan(0);
      },
    );

    test('monitor mode lets calls over the limit through, and counts them', async () => {
      const page = await open();
      await press(page, 'over-limit');
      // A minute may end on the way, and let a call more through.
      const refused = /^66 calls: \d+ answered 200, (\d+) answered 429 rate_limited\.$/.exec(
        await textOf(page, 'monitor-said'),
      )?.[1];
      expect(Number(refused)).toBeGreaterThan(0);
      expect(await rowsOf(page, 'count')).toContainEqual(
        expect.stringMatching(new RegExp(`^Refused rate_limited /api/\\S+ ${refused} \\+${refused}$`)),
      );
      await press(page, 'mode-monitor');
      await press(page, 'over-limit');
      expect(await textOf(page, 'monitor-said')).toBe('66 calls: 66 answered 200.');
      expect(await rowsOf(page, 'count')).toContainEqual(
        expect.stringMatching(/^Would have refused rate_limited \/api\/\S+ (\d+) \+\1$/),
      );
      await press(page, 'bad-tokens');
      expect(await textOf(page, 'monitor-said')).toContain(
        'The gate let them on; the API refused them itself.',
      );
      // The page is left, and the gate enforces again.
      await page.close();
      await expect.poll(async () => (await stackState()).policy.mode).toBe('enforce');
    });

    test('a killed exchange leaves an orphan, the sweep takes it, and the visitor recovers', async () => {
      const page = await open();
      await fetch(`${server.url}/dev/members`, { method: 'POST' });
      await press(page, 'kill');
      expect(await textOf(page, 'killed')).not.toMatch(/^(–|Not killed)$/);
      await expect.poll(() => textOf(page, 'orphans-throwaway')).toBe('1');
      await press(page, 'sweep');
      expect(await textOf(page, 'swept')).toMatch(/, 1 deleted, /);
      await expect.poll(() => textOf(page, 'orphans-throwaway')).toBe('0');
      await press(page, 'recover');
      expect(await textOf(page, 'recovered')).toMatch(/^A pass, in /);
      await page.locator('#pass[data-state=held]').waitFor();
      expect(await textOf(page, 'orphans-members')).toBe('1');
    });

    test('the keyboard turns a switch and keeps its place, and what came of it is said', async () => {
      const page = await open();
      await page.getByTestId('store-deny').focus();
      await page.keyboard.press('Enter');
      await page.locator('#store-deny[aria-pressed=true]').waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('store-deny');
      const words = 'Without Redis, the gate answers 503.';
      await expect.poll(() => page.getByRole('status').textContent()).toBe(words);
      expect(await textOf(page, 'redis-said')).toBe(words);
    });

    test('a change that is refused is told in the stack’s own words', async () => {
      const page = await open();
      await context.route(`${server.url}/dev/stack`, (route) =>
        route.fulfill({ status: 400, json: { detail: 'Redis is not ours to stop.' } }),
      );
      await press(page, 'switch-redis');
      expect(await textOf(page, 'redis-said')).toBe('Redis is not ours to stop.');
      expect(await textOf(page, 'redis-state')).toBe('running');
    });
  });
});

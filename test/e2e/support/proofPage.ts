import type { BrowserContext, Page } from 'playwright-core';
import type { ProofProgress, Session } from '../../../client/index.ts';

/** What docs/pages.md gives to pages. */
const contentPolicy = "script-src 'self'; connect-src 'self'";

/** What a page saw of a session's beginning. */
export interface Beginning {
  /** The events `proof`. */
  told: ProofProgress[];
  /** How often the page's own interval came between the first of them and the last. */
  ticks: number;
  /** Of the SessionError, when there is no token. */
  code?: string;
  reason?: string;
}

/**
 * Opens a page with the script tag at `/deep/test-page` of a site that serves its files, and collects what goes wrong
 * in it.
 * @param attributes of the tag, besides `data-api`
 * @param policy its Content-Security-Policy
 */
export async function openProofPage(
  context: BrowserContext,
  site: string,
  attributes: string,
  policy = contentPolicy,
): Promise<{ page: Page; faults: string[] }> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.route(`${site}/deep/test-page`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      headers: { 'content-security-policy': policy },
      body: `<!doctype html><title>test</title><link rel="icon" href="data:,"><script src="/daypass.js" data-api="/api/" ${attributes}></script>`,
    }),
  );
  await page.goto(`${site}/deep/test-page`);
  return { page, faults };
}

/** Begins a session in a page that `openProofPage` opened; waits for its token, or for the error. */
export function begin(page: Page): Promise<Beginning> {
  return page.evaluate(async () => {
    const { daypass } = globalThis as unknown as { daypass: Session };
    const beginning: Beginning = { told: [], ticks: 0 };
    let ticks = 0;
    const interval = setInterval(() => {
      ticks += 1;
    }, 5);
    const stop = daypass.on('proof', (progress) => {
      if (beginning.told.length === 0) ticks = 0;
      beginning.told.push(progress);
      beginning.ticks = ticks;
    });
    try {
      await daypass.token();
    } catch (error) {
      const { code, reason } = error as { code: string; reason: string };
      Object.assign(beginning, { code, reason });
    }
    clearInterval(interval);
    stop();
    return beginning;
  });
}

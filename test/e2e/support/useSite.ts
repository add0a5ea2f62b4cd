import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { RunningSite } from '../../../dev/server/site.ts';
import { launchBrowser, recordRequests } from './browser.ts';

/** What the tests of one suite share, and what each has anew. */
export interface Site {
  server: RunningSite;
  browser: Browser;
  /** Of one test: without cookies and storage of another. */
  context: BrowserContext;
  /** What pages of the test have asked of the site: method and path. */
  requests: string[];
}

/** A site and a browser for the tests of one suite; both end with it. */
export function useSite(start: () => Promise<RunningSite>): Site {
  const site = {} as Site;
  beforeAll(async () => {
    [site.browser, site.server] = await Promise.all([launchBrowser(), start()]);
  });
  afterAll(async () => {
    await site.browser?.close();
    await site.server?.close();
  });
  beforeEach(async () => {
    site.context = await site.browser.newContext();
    site.requests = recordRequests(site.context, site.server.url);
  });
  afterEach(() => site.context.close());
  return site;
}

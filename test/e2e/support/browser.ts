import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type LaunchOptions, type Page } from 'playwright-core';
import { findProgram } from '../../support/optional.ts';

/** Ends what hangs; how fast a page is, no test says. */
const hangMilliseconds = 240_000;

/** Debian's Chromium, kept from calling home: this machine has nobody to call. */
const launchOptions = (args: readonly string[] = []) => ({
  timeout: hangMilliseconds,
  executablePath: process.env.CHROMIUM_PATH ?? findProgram('chromium') ?? 'chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    ...args,
  ],
});

/** With the back/forward cache, which browsers have, and which Playwright takes from them. */
export function launchBrowserThatKeepsPages(): Promise<Browser> {
  return chromium.launch({ ...launchOptions(), ignoreDefaultArgs: ['--disable-back-forward-cache'] });
}

/** @param args more of Chromium's own */
export async function launchBrowser(...args: string[]): Promise<Browser> {
  const browser = await chromium.launch(launchOptions(args));
  browser.on('context', (context) => context.setDefaultTimeout(hangMilliseconds));
  return browser;
}

/**
 * Launches a browser whose visitor has changed its settings.
 * @param preferences as Chromium keeps them in the file `Preferences` of a profile
 * @returns its one context; close it to end the browser and to remove the profile
 */
export async function launchProfile(preferences: Record<string, unknown>): Promise<BrowserContext> {
  return openProfile(preferences, launchOptions());
}

/** Launches a browser with an extension; close its one context as that of `launchProfile`. */
export function launchWithExtension(folder: string): Promise<BrowserContext> {
  const only = [`--disable-extensions-except=${folder}`, `--load-extension=${folder}`];
  // The headless mode that Playwright asks for by itself has no extensions.
  return openProfile({}, { ...launchOptions(['--headless=new', ...only]), headless: false });
}

async function openProfile(
  preferences: Record<string, unknown>,
  options: LaunchOptions,
): Promise<BrowserContext> {
  const folder = await mkdtemp(join(tmpdir(), 'daypass-profile-'));
  await mkdir(join(folder, 'Default'));
  await writeFile(join(folder, 'Default/Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(folder, options);
  context.setDefaultTimeout(hangMilliseconds);
  context.on('close', () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return context;
}

/**
 * Opens a page of the site that holds the given script and nothing else of ours.
 * @param html what stands in its head before the script
 * @param source an ES module; its imports are bundled
 */
export async function openPage(
  target: BrowserContext | Page,
  site: string,
  { html = '', source = '' }: { html?: string; source?: string },
): Promise<Page> {
  const page = 'newPage' in target ? await target.newPage() : target;
  const script = await bundle(source);
  const body = `<!doctype html><title>test</title>${html}<script type="module">${script}</script>`;
  await page.route(`${site}/test-page`, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${site}/test-page`);
  return page;
}

/** Bundles an ES module, its imports relative to the root of the project. */
export async function bundle(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return result.outputFiles[0]?.text ?? '';
}

/** `METHOD /path` of every request that a context sends to the site from now on, preflights and page loads left out. */
export function recordRequests(context: BrowserContext, site: string): string[] {
  const requests: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    const isCall = request.resourceType() === 'fetch' || request.resourceType() === 'xhr';
    if (url.origin === site && isCall) requests.push(`${request.method()} ${url.pathname}`);
  });
  return requests;
}

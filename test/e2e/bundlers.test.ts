import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build, createServer } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { buildPackage } from '../../scripts/buildPackage.ts';
import { createWork, readProof } from '../client/support/challenge.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser } from './support/browser.ts';
import { type ProofSite, startProofSite } from './support/proofSite.ts';

const main = `
  import { createSession } from 'daypass';
  import { prove } from 'daypass/proof';
  window.session = createSession({ prove });
`;
const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' };

describeWith('chromium')('a page that Vite bundles', () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: ProofSite;
  /** A project that has the package among its modules, as npm installs it. */
  let project: string;
  let warnings: string[];
  beforeAll(async () => {
    browser = await launchBrowser();
    // Within this one, for the modules that the package needs in turn.
    project = await mkdtemp(join(process.cwd(), 'dist/vite-'));
    const installed = join(project, 'node_modules/daypass');
    await mkdir(installed, { recursive: true });
    await cp('package.json', join(installed, 'package.json'));
    await buildPackage(join(installed, 'dist/npm'));
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
    await writeFile(join(project, 'main.js'), main);
    await writeFile(
      join(project, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>',
    );
  });
  afterAll(async () => {
    await browser.close();
    await rm(project, { recursive: true, force: true });
  });
  beforeEach(async () => {
    [context, site] = await Promise.all([browser.newContext(), startProofSite()]);
    warnings = [];
    context.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  });
  afterEach(async () => {
    await context.close();
    await site.close();
  });

  async function expectToken(url: string): Promise<Page> {
    const work = await createWork({ counter: 100, cost: 1000 });
    site.challenge = work;
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction('window.session');
    expect(await page.evaluate('session.token()')).toBe('access');
    const proof = site.signUps[0]?.data?.daypass_proof;
    expect(await readProof(proof)).toEqual({ challenge: work.challenge, verified: true });
    return page;
  }

  test('built, works out its proof in workers, which are files of the bundle', async () => {
    await build({ root: project, base: '/app/', logLevel: 'error', configFile: false });
    const files = await readdir(join(project, 'dist/assets'));
    expect(files.filter((name) => name.startsWith('solver-'))).toHaveLength(1);
    const loaded: string[] = [];
    await context.route(`${site.url}/app/**`, async (route) => {
      const path = new URL(route.request().url()).pathname.replace('/app/', '') || 'index.html';
      loaded.push(path);
      const body = await readFile(join(project, 'dist', path), 'utf8');
      await route.fulfill({ contentType: types[path.split('.').at(-1) ?? ''] ?? '', body });
    });
    await expectToken(`${site.url}/app/`);
    expect(loaded.some((path) => path.startsWith('assets/solver-'))).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('on its development server, works out its proof in workers too', async () => {
    const server = await createServer({
      root: project,
      logLevel: 'error',
      configFile: false,
      server: {
        host: '127.0.0.1',
        port: 0,
        proxy: { '/session': site.url, '/.netlify': site.url },
      },
    });
    onTestFinished(() => server.close());
    await server.listen();
    await expectToken(server.resolvedUrls?.local[0] ?? '');
    expect(warnings).toEqual([]);
  });
});

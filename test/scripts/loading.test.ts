import { runInThisContext } from 'node:vm';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleScript } from '../../scripts/bundle.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { type ProofSite, startProofSite } from '../e2e/support/proofSite.ts';
import { describeWith } from '../support/optional.ts';

// The built file in a real page, however the page loads it, and however often.

const tag = '<script src="/daypass.js" data-api="/api/"></script>';
/** Consent managers keep scripts from running so, and run them by other means. */
const idleTag = '<script type="text/plain" src="/daypass.js" data-api="/api/"></script>';
const refusal = { 'www-authenticate': 'Bearer error="invalid_token"' };

describeWith('chromium')('daypass.js, however it comes', () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: ProofSite;
  let script: string;
  let logged: string[];
  /** The `Authorization` of each call, as the backend got it. */
  let tokens: (string | undefined)[];

  beforeAll(async () => {
    [browser, site, script] = await Promise.all([launchBrowser(), startProofSite(), bundleScript()]);
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });
  beforeEach(async () => {
    [logged, tokens] = [[], []];
    context = await browser.newContext();
    await context.route('**/*.js', (route) =>
      // As the development builds of bundlers hold it.
      route.request().url().endsWith('/bundle.js')
        ? route.fulfill({ contentType: 'text/javascript', body: `eval(${JSON.stringify(script)})` })
        : route.fulfill({ contentType: 'text/javascript', body: script }),
    );
    await context.route('**/api/**', async (route) => {
      const { authorization } = route.request().headers();
      tokens.push(authorization);
      await route.fulfill(authorization ? { json: {} } : { status: 401, headers: refusal, json: {} });
    });
  });
  afterEach(() => context.close());

  /** @param path of the page, whose relative addresses start there */
  async function open(html: string, path = '/test-page'): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => logged.push(message.text()));
    page.on('pageerror', (error) => logged.push(String(error)));
    await page.route(`${site.url}${path}`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>x</title><link rel="icon" href="data:,"><body>${html}`,
      }),
    );
    await page.goto(site.url + path);
    await page.waitForFunction("'daypass' in globalThis && !('nodeType' in daypass)");
    return page;
  }

  const call = (page: Page, url = '/api/x') =>
    page.evaluate(`fetch('${url}').then(({ status }) => status, (error) => String(error))`);

  /** Adds a tag as frameworks do: made anew with its attributes, since one from `innerHTML` does not run. */
  const add = (page: Page, attributes: Record<string, string>) =>
    page.evaluate(
      (given) =>
        new Promise((resolve) => {
          const script = document.createElement('script');
          for (const [name, value] of Object.entries(given)) script.setAttribute(name, value);
          script.onload = script.onerror = resolve;
          document.body.append(script);
        }),
      { src: '/daypass.js', ...attributes },
    );

  describe('attaches itself', () => {
    test.each([
      ['a tag', tag],
      ['a tag with async', tag.replace(' ', ' async ')],
      ['a tag with defer', tag.replace(' ', ' defer ')],
      ['a tag of type module', tag.replace(' ', ' type="module" ')],
      ['a tag in an SVG', `<svg>${tag.replace('src', 'href')}</svg>`],
      [
        'createElement',
        `<script>{ const script = document.createElement('script'); script.src = '/daypass.js'; script.dataset.api = '/api/'; document.head.append(script); }</script>`,
      ],
      ['document.write', `<script>document.write(${JSON.stringify(tag).replace('</', '<\\/')})</script>`],
      [
        'createContextualFragment',
        `<script>document.body.append(document.createRange().createContextualFragment(${JSON.stringify(tag).replace('</', '<\\/')}))</script>`,
      ],
      ['import()', `${idleTag}<script type="module">await import('/daypass.js')</script>`],
      ['an import of another module', `${idleTag}<script type="module">import '/daypass.js'</script>`],
      ['eval in a bundle whose tag names the API', `<script src="/bundle.js" data-api="/api/"></script>`],
      [
        'eval in a bundle that has other attributes',
        `${idleTag}<script src="/bundle.js" data-api-key="x"></script>`,
      ],
      ['eval in a bundle whose folder has the name', `${idleTag}<script src="/daypass/bundle.js"></script>`],
      [
        'eval that comes later',
        `${idleTag}<script>setTimeout(async () => (0, eval)(await (await fetch('/bundle.js')).text()))</script>`,
      ],
      [
        'a tag by innerHTML, whose text a library evaluates in one of its own',
        `<div></div><script>
          document.querySelector('div').innerHTML = ${JSON.stringify(tag).replace('</', '<\\/')};
          fetch('/daypass.js').then((response) => response.text()).then((text) => {
            const script = document.createElement('script');
            script.text = text;
            document.head.append(script);
            script.remove();
          });
        </script>`,
      ],
    ])('%s', async (_, html) => {
      const page = await open(html);
      expect(await call(page)).toBe(200);
      await call(page, '/api/y');
      expect(tokens).toEqual(['Bearer access', 'Bearer access']);
      expect(logged).toEqual([]);
    });

    test('beside tags of other tools that have a data-api too', async () => {
      const other = '<script type="text/plain" src="/stats.js" data-api="/stats/"></script>';
      const page = await open(other + tag.replace(' ', ' type="module" ') + other);
      expect(await call(page)).toBe(200);
    });
  });

  describe('says in one sentence what to do, and fails what wants a token,', () => {
    const noTag = /^TypeError: Daypass: found no tag[^;]*data-api[^;]*createSession$/;

    test.each([
      [
        'imported without a tag',
        `<script type="module">import('/daypass.js').catch(() => {})</script>`,
        noTag,
      ],
      [
        'evaluated without a tag',
        `<script>setTimeout(async () => { try { (0, eval)(await (await fetch('/bundle.js')).text()) } catch {} })</script>`,
        noTag,
      ],
      [
        'imported, with two tags that could be meant',
        `${idleTag}${idleTag.replace('><', ' data-scope="a"><')}<script type="module">import('/daypass.js').catch(() => {})</script>`,
        noTag,
      ],
      [
        'in a shadow tree',
        `<div></div><script>{ const script = document.createElement('script'); script.src = '/daypass.js'; script.dataset.api = '/api/'; document.querySelector('div').attachShadow({ mode: 'open' }).append(script); }</script>`,
        noTag,
      ],
      [
        'in a bundle whose tag names no API',
        '<script src="/bundle.js"></script>',
        /^TypeError: Daypass: [^.;]*data-api="\/api\/"$/,
      ],
    ])('%s', async (_, html, sentence) => {
      const page = await open(html);
      expect(await call(page)).toMatch(sentence);
      expect(await page.evaluate('daypass.token().catch(String)')).toMatch(sentence);
    });

    test('on a server, whose fetch stays as it is', () => {
      const found = fetch;
      expect(() => runInThisContext(script)).toThrow(/^Daypass: found no tag/);
      expect([fetch, 'daypass' in globalThis]).toEqual([found, false]);
    });

    test('in a worker', async () => {
      const page = await open(tag);
      const said = await page.evaluate(
        () =>
          new Promise((resolve) => {
            const source = `try { importScripts('${location.origin}/daypass.js') } catch (error) { postMessage(String(error)) }`;
            const worker = new Worker(URL.createObjectURL(new Blob([source])));
            worker.onmessage = ({ data }) => resolve(data);
          }),
      );
      expect(said).toMatch(noTag);
    });
  });

  describe('comes twice', () => {
    const keep = (page: Page) =>
      page.evaluate(
        'void Object.assign(globalThis, { before: [daypass, fetch], heard: 0 }, daypass.on("obtained", () => { heard += 1 }))',
      );
    const isKept = (page: Page) => page.evaluate('before[0] === daypass && before[1] === fetch');

    test.each([
      ['the same tag', { 'data-api': '/api/' }],
      ['the same tag with another src', { 'data-api': '/api/', src: '/daypass.js?2' }],
      ['the same tag with spaces', { 'data-api': ' /api/  ' }],
      ['the same tag with attributes of other tools', { 'data-api': '/api/', 'data-turbo-eval': 'true' }],
      ['the same tag as a module', { 'data-api': '/api/', type: 'module' }],
    ])('%s: the second does nothing', async (_, attributes) => {
      const page = await open(tag);
      await keep(page);
      await add(page, attributes);
      expect(await isKept(page)).toBe(true);
      expect(await call(page)).toBe(200);
      expect(tokens).toEqual(['Bearer access']);
      expect(await page.evaluate('heard')).toBe(1);
      expect(logged).toEqual([]);
    });

    test.each([
      ['another API', { 'data-api': '/other/' }],
      ['one prefix more', { 'data-api': '/api/ /other/' }],
      ['another broker', { 'data-api': '/api/', 'data-broker-url': '/other' }],
      ['a proof', { 'data-api': '/api/', 'data-proof': '/daypass-proof.js' }],
      ['no API', {}],
    ])('with %s: says what to do, and the first stays', async (_, attributes) => {
      const page = await open(tag);
      await keep(page);
      await add(page, attributes);
      expect(logged).toEqual([
        expect.stringMatching(
          /^TypeError: Daypass: the first tag stays[^.;]*other attributes[^.;]*createSession$/,
        ),
      ]);
      expect(await isKept(page)).toBe(true);
      expect(await call(page)).toBe(200);
    });

    test('and again at each of a thousand visits: one fetch, one session, and its listeners hear', async () => {
      const page = await open(tag);
      await keep(page);
      await page.evaluate(
        ([text]) => {
          for (let visit = 0; visit < 1000; visit += 1) {
            document.body.innerHTML = '<main></main>';
            const script = document.createElement('script');
            script.dataset.api = '/api/';
            script.text = text ?? '';
            document.body.append(script);
          }
        },
        [script],
      );
      expect(await isKept(page)).toBe(true);
      expect(await call(page)).toBe(200);
      expect([tokens, await page.evaluate('heard'), logged]).toEqual([['Bearer access'], 1, []]);
    });

    test('at fault: says so once, replaces fetch once, and gives way to a tag that is right', async () => {
      const page = await open('<script src="/daypass.js" data-apis="/api/"></script>');
      await page.evaluate('globalThis.before = [daypass, fetch]');
      for (const _ of [1, 2, 3]) await add(page, { 'data-apis': '/api/' });
      expect(await isKept(page)).toBe(true);
      expect(logged).toEqual([expect.stringMatching(/apis.*api/)]);
      expect(await call(page)).toMatch(/^TypeError: Daypass: /);
      await add(page, { 'data-api': '/api/' });
      expect(await call(page)).toBe(200);
      expect(await page.evaluate('daypass.token()')).toBe('access');
    });

    test('an element of the page that is named daypass is not taken for the first', async () => {
      const page = await open(`<i id="daypass"></i>${tag}`);
      expect(await call(page)).toBe(200);
    });
  });
});

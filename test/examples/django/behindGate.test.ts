import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../../demo/startDemo.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { runDjango } from '../../../examples/django/launcher/run.ts';
import { type GuardedCommand, runGuarded } from '../../../examples/django/launcher/runGuarded.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import type { SiteOptions } from '../../../src/token/createVerifier.ts';
import { launchBrowser, openPage } from '../../e2e/support/browser.ts';
import { describeWith } from '../../support/optional.ts';

// What a page does with real backends works through the gate as it does at the backends themselves: Django REST framework
// and WhiteNoise in examples/django, FastAPI under uvicorn.

const folder = join(import.meta.dirname, 'behindGate');
const environment = { folder: 'behindGate', requirements: join(folder, 'requirements.txt') };
const file = Array.from({ length: 4000 }, (_, line) => `line ${line} of a report\n`).join('');

const policy = definePolicy({
  audiences: {
    api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY', scopes: ['hello'] },
  },
  routes: [
    { path: '/api/fast/*', upstream: 'FAST_UPSTREAM' },
    { path: '/api/static/*', verify: false, methods: ['GET'] },
    { path: '/api/*' },
  ],
  upstream: { clientAddress: true },
});

describeWith('chromium')('a page in front of real backends', () => {
  describeWith('python 3.10')('through the gate', () => {
    let python: string;
    let files: string;
    let browser: Browser;
    let page: Page;
    let server: DemoServer;
    let fast: GuardedCommand;
    /** Where the backends are, past the gate. */
    const direct = { django: '', fast: '' };
    let pass: string;

    beforeAll(async () => {
      python = await prepareEnvironment(() => undefined, environment);
      files = mkdtempSync(join(tmpdir(), 'daypass-test-'));
      mkdirSync(join(files, 'api/files'), { recursive: true });
      writeFileSync(join(files, 'api/files/report.txt'), file);
      writeFileSync(join(files, 'api/files/report.txt.gz'), gzipSync(file));

      // FastAPI must know the issuer, and the site where FastAPI is: the port is fixed first.
      const secrets = { DAYPASS_SECRET: 'q7V2mX9tLb4Zc1Rk8Hs5Wd3Yf6Jg0Np-shared' };
      const port = await freePort();
      writeFileSync(join(files, 'site_host.py'), shownClass('SiteHost'));
      fast = await runGuarded([python, join(folder, 'fast_api.py')], {
        env: {
          PATH: process.env.PATH,
          PYTHONPATH: files,
          ...secrets,
          DAYPASS_ISSUER: `http://localhost:${port}`,
        },
      });
      direct.fast = await fast.printed(/^(http:.*)$/m);
      const env = { PORT: String(port), FAST_UPSTREAM: direct.fast, ...secrets };
      server = await startDemo(readSettings(env, policy), policy, {
        redisBackend: 'memory',
        startApi: (verifier) => startExample(python, files, verifier),
      });
      direct.django = server.parts.environment.DAYPASS_UPSTREAM ?? '';
      browser = await launchBrowser();
      const source = `
        import { createSession } from './client/index.ts';
        window.session = createSession();
        window.session.attach(['/api/']);
      `;
      page = await openPage(await browser.newContext(), server.url, { source });
      pass = (await page.evaluate('session.token()')) as string;
      for (const text of ['one', 'two', 'three', 'four', 'five']) await write(text);
    }, 600_000);

    afterAll(async () => {
      await browser?.close();
      await server?.close();
      await fast?.stop();
      if (files) rmSync(files, { recursive: true });
    });

    const write = (text: string) =>
      page.evaluate(
        (body) =>
          fetch('/api/public/entries', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body,
          }),
        JSON.stringify({ text }),
      );

    /** The same call at the backend itself. */
    const ask = (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${pass}` } });

    test('the pages of REST framework are followed to the last', async () => {
      const followed = await page.evaluate(async () => {
        const texts: string[] = [];
        const asked: string[] = [];
        let next: string | null = '/api/public/entries';
        while (next) {
          asked.push(next);
          const { results, next: following }: { results: { text: string }[]; next: string | null } = await (
            await fetch(next)
          ).json();
          texts.push(...results.map(({ text }) => text));
          next = following;
        }
        return { texts, asked };
      });
      expect(followed).toEqual({
        texts: ['five', 'four', 'three', 'two', 'one'],
        asked: [
          '/api/public/entries',
          `${server.url}/api/public/entries?page=2`,
          `${server.url}/api/public/entries?page=3`,
        ],
      });
    });

    test('its metadata is what OPTIONS says', async () => {
      const seen = await page.evaluate(async () => {
        const response = await fetch('/api/public/entries', { method: 'OPTIONS' });
        return { allow: response.headers.get('allow'), body: await response.json() };
      });
      const there = await ask(`${direct.django}/api/public/entries`, { method: 'OPTIONS' });
      expect(seen).toEqual({ allow: there.headers.get('allow'), body: await there.json() });
      expect(seen.body.actions.POST.text).toMatchObject({ type: 'string', max_length: 200 });
    });

    test('its browsable API is the same page, with links to the site, and has its style sheets', async () => {
      const html = await page.evaluate(async () => {
        const headers = { Accept: 'text/html' };
        return (await fetch('/api/public/entries?page=2', { headers })).text();
      });
      const there = await ask(`${direct.django}/api/public/entries?page=2`, {
        headers: { accept: 'text/html' },
      });
      const plain = (text: string) => text.replaceAll(/(csrf\w*"?[=:] ?"?|value=")\w{32,}/gi, '$1');
      expect(plain(html)).toBe(plain((await there.text()).replaceAll(direct.django, server.url)));
      expect(html).toContain(`${server.url}/api/public/entries?page=3`);
      expect(html).not.toContain(direct.django);
      const sheets = [...html.matchAll(/href="(\/[^"]+\.css)"/g)].map(([, path]) => path as string);
      expect(sheets.length).toBeGreaterThan(1);
      for (const path of sheets) {
        const [ours, theirs] = await Promise.all([fetch(server.url + path), fetch(direct.django + path)]);
        expect([ours.status, await ours.text()]).toEqual([200, await theirs.text()]);
      }
    });

    test('a download of a compressed file that broke off goes on where it ended', async () => {
      const seen = await page.evaluate(async () => {
        const begun = await fetch('/api/files/report.txt');
        const reader = (begun.body as ReadableStream<Uint8Array>).getReader();
        const { value } = await reader.read();
        await reader.cancel();
        const start = (value as Uint8Array).slice(0, 1000);
        const range = { Range: `bytes=${start.length}-`, 'If-Range': begun.headers.get('etag') ?? '' };
        const rest = await fetch('/api/files/report.txt', { headers: range });
        const unchanged = await fetch('/api/files/report.txt', {
          cache: 'no-store',
          headers: { 'If-None-Match': begun.headers.get('etag') ?? '' },
        });
        return {
          status: rest.status,
          range: rest.headers.get('content-range'),
          text: new TextDecoder().decode(start) + (await rest.text()),
          again: unchanged.status,
        };
      });
      expect(seen.status).toBe(206);
      expect(seen.range).toBe(`bytes 1000-${file.length - 1}/${file.length}`);
      expect(seen.text).toBe(file);
      expect(seen.again).toBe(304);
      // And that the backend has it compressed for whoever takes it.
      const there = await ask(`${direct.django}/api/files/report.txt`, {
        headers: { 'accept-encoding': 'gzip' },
      });
      expect(there.headers.get('content-encoding')).toBe('gzip');
    });

    test('FastAPI’s redirect to the slash at the end stays at the site, and it knows scheme and caller', async () => {
      const seen = await page.evaluate(async () => {
        const response = await fetch('/api/fast/items');
        return { url: response.url, isRedirected: response.redirected, body: await response.json() };
      });
      expect(seen).toEqual({
        url: `${server.url}/api/fast/items/`,
        isRedirected: true,
        body: { items: ['one', 'two'], scheme: 'http', caller: '127.0.0.1' },
      });
      const through = await ask(`${server.url}/api/fast/items`, { redirect: 'manual' });
      expect([through.status, through.headers.get('location')]).toEqual([
        307,
        `${server.url}/api/fast/items/`,
      ]);
    });

    test('an address that FastAPI writes leads to the site, with what the documents show', async () => {
      const seen = await page.evaluate(async () => (await fetch('/api/fast/told/')).json());
      expect(seen).toEqual({ link: `${server.url}/api/fast/items/` });
    });
  });
});

/** A class of Python out of docs/gate.md. */
function shownClass(name: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/gate.md'), 'utf8');
  const blocks = [...text.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  return blocks.find((code) => code.includes(`class ${name}:`)) ?? '';
}

async function startExample(python: string, files: string, verifier: SiteOptions) {
  const { url, stop } = await runDjango(python, {
    DJANGO_SETTINGS_MODULE: 'behind_gate_settings',
    PYTHONPATH: folder,
    DJANGO_DEBUG: '1',
    DJANGO_ALLOWED_HOSTS: '*',
    DJANGO_SECRET_KEY: 'q7V2mX9tLb4Zc1Rk8Hs5Wd3Yf6Jg0Np-django',
    DJANGO_SUPERUSER_PASSWORD: 'correct-horse',
    FILES_FOLDER: files,
    DAYPASS_SECRET: verifier.secret ?? '',
    DAYPASS_ISSUER: verifier.issuer ?? '',
  });
  return { url, name: 'Django', notes: [], close: stop };
}

async function freePort(): Promise<number> {
  const { listen } = await import('../../../dev/listen.ts');
  const listening = await listen(() => new Response());
  await listening.close();
  return Number(new URL(listening.url).port);
}

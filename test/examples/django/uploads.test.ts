import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DemoOptions } from '../../../demo/startDemo.ts';
import { type DemoServer, startDemo } from '../../../demo/startDemo.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { djangoPolicy } from '../../../examples/django/launcher/policy.ts';
import { exampleFolder, prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { runGuarded } from '../../../examples/django/launcher/runGuarded.ts';
import { startDjango } from '../../../examples/django/launcher/start.ts';
import { launchBrowser, openPage } from '../../e2e/support/browser.ts';
import { describeWith } from '../../support/optional.ts';
import { exchangeRaw } from '../../support/rawUpstream.ts';

// Forms with a file reach the Django example whole, under `npm run start:django` and under gunicorn, which reads a body
// without a length as empty as runserver does.

const quiet = { print: () => undefined, log: () => undefined };
const environment = {
  folder: 'behindGate',
  requirements: join(import.meta.dirname, 'behindGate/requirements.txt'),
};

const startGunicorn: DemoOptions['startApi'] = async (verifier) => {
  const python = await prepareEnvironment(quiet.print, environment);
  const command = `exec "${python}" -m gunicorn --workers 2 --bind 127.0.0.1:0 config.wsgi 2>&1`;
  const running = await runGuarded(['sh', '-c', command], {
    cwd: exampleFolder,
    env: {
      PATH: process.env.PATH,
      PYTHONDONTWRITEBYTECODE: '1',
      DJANGO_SETTINGS_MODULE: 'config.settings',
      DJANGO_DEBUG: '1',
      DJANGO_SECRET_KEY: 'q7V2mX9tLb4Zc1Rk8Hs5Wd3Yf6Jg0Np-django',
      DAYPASS_SECRET: verifier.secret ?? '',
      DAYPASS_ISSUER: verifier.issuer ?? '',
    },
  });
  const url = await running.printed(/Listening at: (http:\/\/[\d.]+:\d+)/);
  return { url, name: 'gunicorn', notes: [], close: running.stop };
};

const servers: [string, NonNullable<DemoOptions['startApi']>][] = [
  ['runserver', (verifier) => startDjango(verifier, quiet)],
  ['gunicorn', startGunicorn],
];

describeWith('chromium')('forms with a file', () => {
  describeWith('python 3.10')('before Django', () => {
    let browser: Browser;
    beforeAll(async () => {
      await prepareEnvironment(quiet.print);
      await prepareEnvironment(quiet.print, environment);
      browser = await launchBrowser();
    }, 600_000);
    afterAll(() => browser?.close());

    describe.each(servers)('under %s', (_, startApi) => {
      let server: DemoServer;
      let page: Page;
      let pass: string;
      beforeAll(async () => {
        const settings = readSettings({ PORT: '0' }, djangoPolicy);
        server = await startDemo(settings, djangoPolicy, { redisBackend: 'memory', startApi });
        const source = `
          import { createSession } from './client/index.ts';
          window.session = createSession();
        `;
        page = await openPage(await browser.newContext(), server.url, { source });
        pass = (await page.evaluate('session.token()')) as string;
      }, 300_000);
      afterAll(() => server?.close());

      const photo = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251));
      const arrived = (length: number) => ({
        title: 'Sea',
        bytes: length,
        sha256: createHash('sha256').update(photo(length)).digest('hex'),
      });

      test.each([1_000, 1_500_000, 9_000_000])(
        'a photo of %i bytes arrives whole from a page',
        async (length) => {
          const answer = await page.evaluate(`(async () => {
          const form = new FormData();
          form.append('title', 'Sea');
          const bytes = Uint8Array.from({ length: ${length} }, (_, index) => index % 251);
          form.append('photo', new Blob([bytes], { type: 'image/jpeg' }), 'photo.jpg');
          const response = await session.fetch('/api/photo', { method: 'POST', body: form });
          return response.json();
        })()`);
          expect(answer).toEqual(arrived(length));
        },
      );

      test('one of 11 MB is refused, and the refusal names the setting', async () => {
        const answer = await page.evaluate(`(async () => {
          const form = new FormData();
          form.append('photo', new Blob([new Uint8Array(11_000_000)]), 'photo.jpg');
          const response = await session.fetch('/api/photo', { method: 'POST', body: form });
          return { status: response.status, ...(await response.json()) };
        })()`);
        expect(answer).toMatchObject({ status: 413, code: 'content_too_large' });
        expect((answer as { detail: string }).detail).toContain('upstream.maxBodyBytes');
      });

      const form = (length: number) =>
        Buffer.concat([
          Buffer.from('--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nSea\r\n'),
          Buffer.from('--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'),
          photo(length),
          Buffer.from('\r\n--b--\r\n'),
        ]);
      const head = (...fields: string[]) =>
        [
          'POST /api/photo HTTP/1.1',
          `Host: ${new URL(server.url).host}`,
          `Authorization: Bearer ${pass}`,
          'Content-Type: multipart/form-data; boundary=b',
          'Connection: close',
          ...fields,
          '\r\n',
        ].join('\r\n');

      test('in chunks, whose length nobody told, it arrives with one', async () => {
        const body = form(1_500_000);
        const half = body.length >> 1;
        const answer = await exchangeRaw(
          server.url,
          head('Transfer-Encoding: chunked'),
          `${half.toString(16)};piece=1\r\n`,
          body.subarray(0, half),
          `\r\n${(body.length - half).toString(16)}\r\n`,
          body.subarray(half),
          '\r\n0\r\nX-Trailer: t\r\n\r\n',
        );
        expect(answer).toMatch(/^HTTP\/1.1 200 /);
        expect(answer).toContain(arrived(1_500_000).sha256);
      });

      test('after Expect: 100-continue it arrives', async () => {
        const body = form(1_500_000);
        const fields = [`Content-Length: ${body.length}`, 'Expect: 100-continue'];
        const answer = await exchangeRaw(server.url, head(...fields), body);
        expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
        expect(answer).toContain(arrived(1_500_000).sha256);
      });
    });
  });
});

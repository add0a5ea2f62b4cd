import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePages, type PagesOptions, startPages } from '../../../dev/session/pages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-pages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('what serves the pages', () => {
  const none = { command: undefined, targetPort: undefined };
  const choose = (
    options: PagesOptions,
    dev: { command: string | undefined; targetPort: number | undefined } = none,
  ) => choosePages(folder, { publish: '/site/dist', dev }, options);
  const withScript = (dev: string) =>
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { dev } }));

  test('what is asked for, before all else', () => {
    withScript('vite');
    expect(choose({ command: ['vite', '--host'], target: 'http://localhost:1' })).toEqual({
      kind: 'command',
      command: ['vite', '--host'],
      target: 'http://localhost:1',
    });
    expect(choose({ command: [], target: 'http://localhost:1' })).toEqual({
      kind: 'target',
      target: 'http://localhost:1',
    });
    expect(choose({ publish: '/other' })).toEqual({ kind: 'folder', folder: '/other' });
  });

  test('the command of netlify.toml, then the script dev, then the published folder', () => {
    expect(choose({})).toEqual({ kind: 'folder', folder: '/site/dist' });
    withScript('vite');
    expect(choose({})).toEqual({ kind: 'command', command: ['npm', 'run', 'dev'], target: undefined });
    expect(choose({}, { command: 'astro dev', targetPort: 4321 })).toEqual({
      kind: 'command',
      command: ['sh', '-c', 'astro dev'],
      target: 'http://localhost:4321',
    });
  });

  test.each(['daypass dev', 'npx daypass dev -- vite', 'netlify dev'])(
    'a script that starts this very server is passed over: %s',
    (script) => {
      withScript(script);
      expect(choose({}, { command: script, targetPort: undefined }).kind).toBe('folder');
    },
  );

  test.each([
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['package-lock.json', 'npm'],
  ])('%s is of %s, also further up', (lock, manager) => {
    writeFileSync(join(folder, lock), '');
    folder = join(folder, 'app');
    mkdirSync(folder);
    withScript('vite');
    expect(choose({})).toMatchObject({ command: [manager, 'run', 'dev'] });
    folder = join(folder, '..');
  });
});

describe('where a dev command listens', () => {
  const serve = (text: string, host = '127.0.0.1') => [
    process.execPath,
    '-e',
    `const server = require('node:http').createServer((_, response) => response.end('page'));
    server.listen(0, '${host}', () => console.log(${JSON.stringify(text)}.replace('PORT', server.address().port)));`,
  ];
  const options = () => ({
    cwd: folder,
    env: { ...process.env, PORT: '1', HOST: '9.9.9.9' },
    onLine: () => undefined,
  });

  test.each([
    [
      '  \u001b[32m➜\u001b[39m  Local:   \u001b[36mhttp://localhost:\u001b[1mPORT\u001b[22m/\u001b[39m',
      '127.0.0.1',
    ],
    ['- Local:        http://localhost:PORT', '127.0.0.1'],
    ['Serving at http://0.0.0.0:PORT/', '0.0.0.0'],
    ['Server listening on port PORT', '127.0.0.1'],
    ['Listening at: PORT', '127.0.0.1'],
  ])('%j', async (text, host) => {
    const pages = await startPages({ command: serve(text, host), target: undefined }, options());
    const target = await pages.target;
    expect(await (await fetch(target)).text()).toBe('page');
    await pages.stop();
    await expect(fetch(target)).rejects.toThrow();
  });

  test('a port that is named needs no words, and our own variables are not for the command', async () => {
    const script = `setTimeout(() => require('node:http').createServer((_, response) =>
      response.end([process.env.PORT, process.env.HOST].join())).listen(Number(process.argv[1]), '127.0.0.1'), 200);`;
    const port = String(20_000 + (process.pid % 20_000));
    const command = [process.execPath, '-e', script, port];
    const pages = await startPages({ command, target: `http://127.0.0.1:${port}` }, options());
    expect(await (await fetch(await pages.target)).text()).toBe(',');
    await pages.stop();
  });

  test('one that ends before it serves says with what', async () => {
    const pages = await startPages({ command: ['sh', '-c', 'exit 3'], target: undefined }, options());
    await expect(pages.target).rejects.toThrow('sh -c exit 3 ended with 3 before it served anything');
  });
});

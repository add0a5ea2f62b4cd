import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createFrontend, type Frontend } from '../../../dev/frontend/frontend.ts';
import { readSiteConfig } from '../../../dev/frontend/siteConfig.ts';
import { type Listening, listen } from '../../../dev/listen.ts';

let folder: string | undefined;
const listening: Listening[] = [];
afterEach(async () => {
  if (folder) rmSync(folder, { recursive: true, force: true });
  for (const each of listening.splice(0)) await each.close();
});

async function openSite(
  files: Record<string, string>,
  target?: string,
  publicUrl?: string,
): Promise<Frontend> {
  folder = mkdtempSync(join(tmpdir(), 'daypass-frontend-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const config = readSiteConfig(folder);
  const callFunction = (name: string, request: Request) =>
    name === 'hello' ? Promise.resolve(new Response(`hello of ${new URL(request.url).search}`)) : undefined;
  return createFrontend({ config: () => config, target, publicUrl, callFunction });
}

async function start(handler: (request: Request) => Response): Promise<string> {
  const server = await listen(handler);
  listening.push(server);
  return server.url;
}

const get = async (frontend: Frontend, path: string, init?: RequestInit) => {
  const answer = await frontend(new Request(`http://localhost:8888${path}`, init));
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
};

const pages = {
  'index.html': 'home',
  'about.html': 'about',
  'blog/index.html': 'blog',
  'a file.txt': 'text',
  '.env': 'DAYPASS_SECRET=',
  '.well-known/security.txt': 'Contact:',
  'node_modules/x/index.js': 'x',
  _redirects: '/old /about',
};

describe('files', () => {
  test.each([
    ['/', 200, 'home'],
    ['/about', 200, 'about'],
    ['/blog', 200, 'blog'],
    ['/blog/', 200, 'blog'],
    ['/a%20file.txt', 200, 'text'],
    ['/.well-known/security.txt', 200, 'Contact:'],
    ['/.env', 404, 'Not found\n'],
    ['/%2e%2e/%2e%2e/etc/passwd', 404, 'Not found\n'],
    ['/..%2f..%2fetc%2fpasswd', 404, 'Not found\n'],
    ['/%', 404, 'Not found\n'],
    ['/node_modules/x/index.js', 404, 'Not found\n'],
    ['/_redirects', 404, 'Not found\n'],
    ['/missing', 404, 'Not found\n'],
  ])('%s: %i', async (path, status, text) => {
    const frontend = await openSite(pages);
    expect(await get(frontend, path)).toMatchObject({ status, text });
  });

  test('a site has a 404 page of its own, and its files take no POST', async () => {
    const frontend = await openSite({ ...pages, '404.html': 'lost' });
    const missing = await get(frontend, '/missing');
    expect(missing).toMatchObject({ status: 404, text: 'lost' });
    expect(missing.headers.get('content-type')).toMatch('text/html');
    expect((await get(frontend, '/about', { method: 'POST' })).status).toBe(405);
  });
});

describe('redirects and header fields', () => {
  const toml = `
    [build]
    publish = "public"
    [[redirects]]
    from = "/news/:year/*"
    to = "/archive/:year/:splat"
    status = 302
    [[redirects]]
    from = "/shop"
    to = "/item/:id"
    query = { id = ":id" }
    [[redirects]]
    from = "/here"
    to = "/elsewhere"
    [[redirects]]
    from = "/forced"
    to = "/elsewhere"
    force = true
    [[redirects]]
    from = "/call/*"
    to = "/.netlify/functions/hello"
    status = 200
    [[redirects]]
    from = "/gone/*"
    to = "/gone.html"
    status = 404
    [[redirects]]
    from = "/de/*"
    to = "/deutsch"
    conditions = { Country = ["de"] }
    [[redirects]]
    from = "/*"
    to = "/index.html"
    status = 200
    [[headers]]
    for = "/*"
    [headers.values]
    X-Site = "shop"
    [[headers]]
    for = "/here"
    [headers.values]
    X-Here = "yes"`;
  const site = {
    'netlify.toml': toml,
    'public/index.html': 'home',
    'public/here.html': 'here',
    'public/forced.html': 'forced',
    'public/gone.html': 'gone',
    'public/_redirects': '# ours\n\n/first id=:id /of-file?item=:id 307\n/both /of-file 301!\n',
    'public/_headers': '/here\n  # not this\n  X-File: of: colons\n',
  };

  test.each([
    ['/news/2026/a/b?x=1', 302, '/archive/2026/a/b?x=1'],
    ['/shop?id=a%2Fb', 301, '/item/a%2Fb'],
    ['/forced', 301, '/elsewhere'],
    ['/first?id=7', 307, '/of-file?item=7'],
    ['/both/', 301, '/of-file'],
  ])('%s is sent on: %i to %s', async (path, status, to) => {
    const answer = await get(await openSite(site), path);
    expect([answer.status, answer.headers.get('location')]).toEqual([status, to]);
  });

  test.each([
    ['a file stands before a redirect that is not forced', '/here', 200, 'here'],
    ['a function answers a rewrite', '/call/it?a=1', 200, 'hello of ?a=1'],
    ['a page with a status of its own', '/gone/x', 404, 'gone'],
    ['every other path is the page of the application', '/shop', 200, 'home'],
    ['a condition that only Netlify can judge takes nobody', '/de/x', 200, 'home'],
  ])('%s', async (_, path, status, text) => {
    expect(await get(await openSite(site), path)).toMatchObject({ status, text });
  });

  test('fields of all rules that match, in both files', async () => {
    const { headers } = await get(await openSite(site), '/here');
    expect([headers.get('x-site'), headers.get('x-here'), headers.get('x-file')]).toEqual([
      'shop',
      'yes',
      'of: colons',
    ]);
  });

  test('what is not followed is said', async () => {
    await openSite(site);
    expect(readSiteConfig(folder as string).notes).toEqual([
      'The redirect of /de/* depends on country, language, role or a cookie: it is not followed here.',
    ]);
  });

  test('a rewrite to another server is its answer', async () => {
    const other = await start((request) => new Response(`other: ${new URL(request.url).pathname}`));
    const frontend = await openSite({ _redirects: `/out/* ${other}/in/:splat 200` });
    expect(await get(frontend, '/out/a')).toMatchObject({ status: 200, text: 'other: /in/a' });
    for (const each of listening.splice(0)) await each.close();
    expect(await get(frontend, '/out/a')).toMatchObject({
      status: 502,
      text: expect.stringMatching('does not'),
    });
  });

  test('netlify.toml that is none is told with its line', async () => {
    await expect(openSite({ 'netlify.toml': '[build\npublish' })).rejects.toThrow(
      /netlify\.toml: .*1: {2}\[build/s,
    );
  });
});

describe('in front of a dev server', () => {
  const site = {
    'netlify.toml': `
      [[redirects]]
      from = "/call/*"
      to = "/.netlify/functions/hello"
      status = 200
      [[redirects]]
      from = "/*"
      to = "/index.html"
      status = 200
      [[headers]]
      for = "/*"
      [headers.values]
      X-Site = "shop"`,
    'index.html': 'of the folder',
  };

  test('it has the pages; functions stand before it, and its 404 is redirected', async () => {
    const target = await start((request) => {
      const { pathname } = new URL(request.url);
      return ['/', '/index.html', '/src/app.ts'].includes(pathname)
        ? new Response(`dev: ${pathname} ${request.headers.get('host')}`)
        : new Response('none', { status: 404 });
    });
    const frontend = await openSite(site, target);
    const host = { headers: { host: 'localhost:8888' } };
    expect((await get(frontend, '/src/app.ts', host)).text).toBe('dev: /src/app.ts localhost:8888');
    expect((await get(frontend, '/call/it')).text).toBe('hello of ');
    const deep = await get(frontend, '/deep/link', host);
    expect([deep.status, deep.text, deep.headers.get('x-site')]).toEqual([
      200,
      'dev: /index.html localhost:8888',
      'shop',
    ]);
    expect((await get(frontend, '/deep/link', { method: 'POST' })).status).toBe(404);
  });

  test('it hears its own name from visitors who came through a tunnel', async () => {
    const target = await start((request) => new Response(request.headers.get('host')));
    const frontend = await openSite(site, target, 'https://abc.example');
    const answer = await frontend(new Request('https://abc.example/', { headers: { host: 'abc.example' } }));
    expect(await answer.text()).toBe(new URL(target).host);
  });

  test('one that is gone is a 502 that names it', async () => {
    const target = await start(() => new Response());
    for (const each of listening.splice(0)) await each.close();
    expect(await get(await openSite(site, target), '/')).toMatchObject({
      status: 502,
      text: `The dev server at ${target} does not answer.\n`,
    });
  });
});

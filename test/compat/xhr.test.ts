import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundle, launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';
import { openPage, tag } from './support/page.ts';
import { type Site, startSite } from './support/site.ts';

// XMLHttpRequest in a page with the tag. What a page sees is compared with what it sees of the same API without a gate.

/** In the page: what an XMLHttpRequest does and says, in order. */
const recorder = `
  function watch(xhr) {
    const log = [], uploaded = [];
    const names = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];
    // How often they come depends on how the answer does.
    const add = (line) => { if (!/^(on)?(progress|readystatechange 3)/.test(line) || !log.includes(line)) log.push(line); };
    for (const name of names) {
      xhr.addEventListener(name, () => add(name + ' ' + xhr.readyState + ' ' + xhr.status));
      xhr['on' + name] = () => add('on' + name + ' ' + xhr.readyState + ' ' + xhr.status);
    }
    for (const name of ['load', 'error', 'abort', 'timeout', 'loadend'])
      xhr.upload.addEventListener(name, () => { if (!uploaded.includes(name)) uploaded.push(name); });
    const done = new Promise((resolve) => xhr.addEventListener('loadend', () => setTimeout(resolve, 30)));
    return { log, uploaded, done };
  }
  const quick = (path) => new Promise((resolve) => { const x = new XMLHttpRequest(); x.onloadend = () => resolve(x); x.open('GET', path); x.send(); });
  async function call(path, { method = 'GET', body, before = () => {}, after = () => {}, reuse } = {}) {
    const xhr = reuse ?? new XMLHttpRequest();
    const { log, uploaded, done } = watch(xhr);
    xhr.open(method, path);
    before(xhr);
    xhr.send(body);
    log.push('sent');
    await after(xhr);
    await done;
    const response = xhr.response instanceof ArrayBuffer ? [...new Uint8Array(xhr.response)]
      : xhr.response instanceof Blob ? await xhr.response.text() : xhr.response instanceof Document
      ? xhr.response.documentElement.outerHTML : xhr.response;
    const last = { readyState: xhr.readyState, status: xhr.status, statusText: xhr.statusText, response,
      field: xhr.getResponseHeader('x-answer'), url: xhr.responseURL.replace(/^.*\\/(api|open)/, '') };
    return { log, uploaded, last, timeout: xhr.timeout };
  }
`;

describeWith('chromium')('XMLHttpRequest', () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: Site;
  let logged: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    site = await startSite();
    context = await browser.newContext();
    logged = [];
  });
  afterEach(async () => {
    await context.close();
    await site.close();
  });

  const open = (head = '') => openPage(context, site, `${head}${tag}<script>${recorder}</script>`, logged);

  const situations: [string, string, string[]][] = [
    ['GET', `call(base + '/text')`, ['GET /api/text']],
    [
      'a field',
      `call(base + '/echo', { before: (x) => { x.setRequestHeader('X-A', '1'); x.setRequestHeader('X-A', '2'); } })`,
      ['GET /api/echo'],
    ],
    [
      'JSON',
      `call(base + '/echo', { method: 'POST', body: '{"a":1}', before: (x) => { x.responseType = 'json'; x.setRequestHeader('Content-Type', 'application/json'); } })`,
      ['POST /api/echo'],
    ],
    [
      'a form',
      `call(base + '/echo', { method: 'POST', body: new URLSearchParams({ a: '1' }) })`,
      ['POST /api/echo'],
    ],
    [
      'files',
      `{ const f = new FormData(); f.append('a', '1'); f.append('b', new File(['x'], 'n.txt')); call(base + '/echo', { method: 'PUT', body: f }) }`,
      ['PUT /api/echo'],
    ],
    [
      'bytes',
      `call(base + '/echo', { method: 'POST', body: new Uint8Array([1, 2, 3]).subarray(1) })`,
      ['POST /api/echo'],
    ],
    [
      'a Blob',
      `call(base + '/echo', { method: 'POST', body: new Blob(['a'], { type: 'text/x' }) })`,
      ['POST /api/echo'],
    ],
    [
      'a Document',
      `call(base + '/echo', { method: 'POST', body: new DOMParser().parseFromString('<a/>', 'text/xml') })`,
      ['POST /api/echo'],
    ],
    [
      'an arraybuffer',
      `call(base + '/bytes', { before: (x) => { x.responseType = 'arraybuffer'; } })`,
      ['GET /api/bytes'],
    ],
    ['a blob', `call(base + '/text', { before: (x) => { x.responseType = 'blob'; } })`, ['GET /api/text']],
    ['XML', `call(base + '/xml', { before: (x) => { x.responseType = 'document'; } })`, ['GET /api/xml']],
    [
      'overrideMimeType',
      `call(base + '/latin', { before: (x) => x.overrideMimeType('text/plain; charset=iso-8859-1') })`,
      ['GET /api/latin'],
    ],
    ['an empty answer', `call(base + '/empty', { method: 'DELETE' })`, ['DELETE /api/empty']],
    ['an error of the API', `call(base + '/status?code=422')`, ['GET /api/status?code=422']],
    ['a redirect', `call(base + '/redirect')`, ['GET /api/redirect', 'GET /api/text']],
    [
      'a large answer',
      `call(base + '/large').then(({ last, log }) => [last.response.length, log.includes('progress 3 200'), log.at(-1)])`,
      ['GET /api/large'],
    ],
    [
      'a broken connection',
      `call(base + '/break').then(({ log, last }) => ({ log, last }))`,
      ['GET /api/break'],
    ],
    [
      'withCredentials',
      `call(base + '/text', { before: (x) => { x.withCredentials = true; } })`,
      ['GET /api/text'],
    ],
    [
      'abort while it is on its way',
      `call(base + '/begun', { after: async (x) => { while (x.readyState < 2) await new Promise((r) => setTimeout(r, 5)); x.abort(); } }).then(({ log, last }) => [log.slice(-4), last])`,
      ['GET /api/begun'],
    ],
    ['abort at once', `call(base + '/text', { method: 'POST', body: 'a', after: (x) => x.abort() })`, []],
    ['a timeout', `call(base + '/never', { before: (x) => { x.timeout = 2500; } })`, ['GET /api/never']],
    [
      'states in which it throws',
      `{ const x = new XMLHttpRequest(); const names = []; const t = (f) => { try { f(); names.push('none'); } catch (e) { names.push(e.name); } };
      t(() => x.send()); t(() => x.setRequestHeader('a', 'b')); t(() => x.open('GET')); t(() => x.open('A B', base + '/text')); t(() => x.open('GET', 'http://'));
      x.open('GET', base + '/text'); t(() => x.setRequestHeader('a b', 'c')); x.send(); t(() => x.send()); t(() => x.setRequestHeader('a', 'b')); x.abort(); t(() => x.send()); names }`,
      [],
    ],
    [
      'an object that is used twice',
      `{ const x = new XMLHttpRequest(); call(base + '/text', { reuse: x }).then(() => call(base + '/bytes', { reuse: x, method: 'POST', body: 'a' })) }`,
      ['GET /api/text', 'POST /api/bytes'],
    ],
    [
      'open again before the answer',
      `{ const x = new XMLHttpRequest(); x.open('GET', base + '/never'); x.send(); call(base + '/text', { reuse: x }) }`,
      ['GET /api/text'],
    ],
    [
      'a send within readystatechange',
      `new Promise((resolve) => { const x = new XMLHttpRequest(); x.onreadystatechange = () => { if (x.readyState === 1) x.send(); }; x.onload = () => resolve(x.responseText); x.open('GET', base + '/text'); })`,
      ['GET /api/text'],
    ],
    [
      'a URL object, and a body that changes afterwards',
      `{ const url = new URL(base + '/echo', location); const form = new URLSearchParams('a=1'); const p = call(url, { method: 'POST', body: form, after: () => { url.search = '?x'; form.set('a', '2'); } }); p }`,
      ['POST /api/echo'],
    ],
  ];

  describe.each([
    ['the first of a page', 'cold'],
    ['a later one', 'warm'],
    ['one whose token is refused once', 'refused'],
  ])('%s is what it is without a gate', (_, state) => {
    // `send` does not say that it was called before, until the rest is loaded.
    const tried = situations.filter(([name]) => state !== 'cold' || !name.startsWith('states'));
    test.each(tried)('%s', async (_name, code, lines) => {
      // What a redirect leads to gets the same token, and is no call of its own.
      const isRefused = (line: string) =>
        state === 'refused' && (/redirect/.test(line) || !/redirect/.test(code));
      const page = await open();
      if (state !== 'cold') {
        await page.evaluate(`call('/api/warm')`);
        site.calls.length = 0;
      }
      if (state === 'refused') {
        site.refuses = ({ line }, earlier) => isRefused(line) && !earlier.some((call) => call.line === line);
      }
      const run = async (base: string) => {
        const result: unknown = await page.evaluate(`{ const base = '${base}'; ${code} }`);
        // Until the rest is loaded, `send` returns before the browser says that it began.
        return state === 'cold' ? JSON.stringify(result).replace('"sent",', '') : JSON.stringify(result);
      };
      const wanted = await run('/open');
      const seen = await run('/api');
      expect(JSON.parse(seen)).toEqual(JSON.parse(wanted));
      const sent = lines.flatMap((line) => (isRefused(line) ? [line, line] : [line]));
      const made = site.calls.map(({ line }) => line);
      // What broke, the browser may send again by itself.
      if (/break/.test(code)) expect(new Set(made)).toEqual(new Set(lines));
      else expect(made.sort()).toEqual(sent.sort());
      expect(site.calls.every(({ token }) => token)).toBe(true);
    });
  });

  const summary = (xhr: string) =>
    `${xhr}.then(({ log, last }) => [log.filter((line) => !line.startsWith('on')), last.readyState, last.status, last.response])`;
  const events = (ending: string) => [
    'readystatechange 1 0',
    'loadstart 1 0',
    'sent',
    'readystatechange 4 0',
    ending,
  ];

  test('without a token it fails as without a network, and the console tells why', async () => {
    site.isIdentityUp = false;
    const page = await open();
    await page.evaluate(`call('/api/x')`);
    const seen = await page.evaluate(
      `daypass.on('error', (error) => console.log('event ' + error.code)); ${summary(`call('/api/x')`)}`,
    );
    expect(seen).toEqual([[...events('error 4 0'), 'loadend 4 0'], 4, 0, '']);
    expect(site.calls).toEqual([]);
    expect(logged.filter((line) => /SessionError/.test(line))).toHaveLength(2);
  });

  test('while a token is awaited, it can be aborted, and runs into its timeout', async () => {
    const page = await open();
    await page.evaluate(`call('/api/warm')`);
    await page.evaluate('daypass.revoke()');
    await context.route('**/session/token', () => {});
    site.calls.length = 0;
    const aborted = `call('/api/x', { after: (x) => new Promise((done) => setTimeout(() => { x.abort(); done(); }, 50)) })`;
    expect(await page.evaluate(summary(aborted))).toEqual([
      [...events('abort 4 0'), 'loadend 4 0'],
      0,
      0,
      '',
    ]);
    const late = `call('/api/x', { before: (x) => { x.timeout = 100; } })`;
    expect(await page.evaluate(summary(late))).toEqual([[...events('timeout 4 0'), 'loadend 4 0'], 4, 0, '']);
    expect(site.calls).toEqual([]);
  });

  test('where no token does better, the page gets the 401, and two hundred calls make no storm', async () => {
    const page = await open();
    await page.evaluate(`call('/api/warm')`);
    site.calls.length = 0;
    site.refuses = () => true;
    const seen = await page.evaluate(
      summary(`call('/api/x', { before: (x) => { x.responseType = 'json'; } })`),
    );
    expect(seen).toEqual([
      expect.arrayContaining(['load 4 401', 'loadend 4 401']),
      4,
      401,
      { code: 'token_revoked' },
    ]);
    expect(site.calls).toHaveLength(2);
    const statuses = await page.evaluate(
      `(async () => { const all = new Set(); for (let n = 0; n < 200; n += 1) all.add((await quick('/api/x?' + n % 7)).status); return [...all]; })()`,
    );
    expect(statuses).toEqual([401]);
    expect(site.calls.length).toBeLessThanOrEqual(220);
  });

  test('the first 401 is told with its events when the path gets no other token', async () => {
    const page = await open();
    await page.evaluate(`call('/api/warm')`);
    site.refuses = () => true;
    await page.evaluate(`call('/api/x')`);
    const [log, ...last] = (await page.evaluate(summary(`call('/api/x')`))) as [string[], ...unknown[]];
    expect(log.slice(0, 3)).toEqual(['readystatechange 1 0', 'loadstart 1 0', 'sent']);
    expect(log.slice(-3)).toEqual(['readystatechange 4 401', 'load 4 401', 'loadend 4 401']);
    expect(last).toEqual([4, 401, '{"code":"token_revoked"}']);
  });

  test('left alone: other addresses, Identity and broker, a call with a token of its own', async () => {
    const page = await open();
    const own = (name: string) => `(x) => x.setRequestHeader('${name}', 'Basic x')`;
    const statuses = await page.evaluate(`Promise.all([
      call('/open/text'), call('/session/status'), call('/api/x', { before: ${own('AUTHORIZATION')} }),
      call('/api/x', { before: ${own('X-DAYPASS')} }), call('/apiary'),
    ]).then((all) => all.map(({ last }) => last.status))`);
    expect(statuses).toEqual([200, 200, 401, 401, 200]);
    expect([site.signUps, site.calls.map(({ token }) => token)]).toEqual([0, [undefined, undefined]]);
  });

  test('a synchronous one goes out as it is, with one warning that says what to do', async () => {
    const page = await open();
    const sync = `{ const x = new XMLHttpRequest(); x.open('GET', '/api/x', false); x.send(); x.status }`;
    for (const _ of [1, 2]) expect(await page.evaluate(sync)).toBe(401);
    await expect.poll(() => logged.filter((line) => /^warning: Daypass/.test(line))).toHaveLength(1);
    await page.evaluate(`call('/api/text')`);
    expect(await page.evaluate(sync)).toBe(401);
    const own = `{ const x = new XMLHttpRequest(); x.open('GET', '/api/text', false); x.setRequestHeader('Authorization', 'Bearer access-1'); x.send(); x.status }`;
    expect(await page.evaluate(own)).toBe(200);
    expect(logged.filter((line) => /^warning: Daypass/.test(line)).join()).toMatch(
      /asynchronous.*daypass\.token\(\).*\/api\/x/,
    );
  });

  test('where the rest cannot be loaded, it goes out without a token', async () => {
    site.missing.add('/daypass-more.js');
    const page = await open();
    expect(await page.evaluate(`call('/api/x').then(({ last }) => last.status)`)).toBe(401);
    expect(site.calls.map(({ token }) => token)).toEqual([undefined]);
  });

  test('session.attach of the module covers it too, in a page and in a worker', async () => {
    const source = `
      import { createSession } from './client/index.ts';
      const site = '${site.url}';
      createSession({ identityUrl: site + '/.netlify/identity', brokerUrl: site + '/session' }).attach([site + '/api/']);
      globalThis.ask = () => new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.onloadend = () => resolve(xhr.status + xhr.responseText);
        xhr.open('GET', site + '/api/text');
        xhr.send();
      });
      if (typeof document === 'undefined') ask().then(postMessage);
    `;
    const code = await bundle(source);
    const page = await openPage(context, site, `<script type="module">${code}</script>`);
    expect(await page.evaluate('ask()')).toBe('200grüße');
    const answer = await page.evaluate((text) => {
      const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
      const worker = new Worker(url, { type: 'module' });
      return new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
      });
    }, code);
    expect(answer).toBe('200grüße');
  });
});

import { createHash } from 'node:crypto';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { bundle, launchWithExtension } from './support/browser.ts';

/** How Chromium names an extension that has no key: 32 hexadecimal digits of its folder's path, written as a to p. */
function idOf(folder: string): string {
  const digits = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return [...digits].map((digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');
}

/** Runs in the extension's own page, from a cold start. */
const sourceFor = (site: string) => `
  import { createSession } from './client/index.ts';
  const session = createSession({
    identityUrl: '${site}/.netlify/identity',
    brokerUrl: '${site}/session',
  });
  const call = async (init) => {
    const response = await session.fetch('${site}/api/echo', init);
    return [response.status, await response.text(), response.headers.get('x-request-id') !== null];
  };
  const all = async () => [
    location.origin,
    await (await session.fetch('${site}/api/hello')).json(),
    await call({ method: 'POST', body: 'from an extension', headers: { 'Content-Type': 'text/x-odd' } }),
  ];
  // Its policy lets nobody evaluate anything there.
  const show = (answer) => {
    document.body.append(Object.assign(document.createElement('pre'), { textContent: JSON.stringify(answer) }));
  };
  all().then(show, (error) => show([String(error)]));
`;

describeWith('chromium')('a page of a browser extension', () => {
  const folders: string[] = [];
  const servers: DemoServer[] = [];
  let listed: string;
  let other: string;
  beforeAll(async () => {
    const folder = async () => {
      const made = await realpath(await mkdtemp(join(tmpdir(), 'daypass-extension-')));
      folders.push(made);
      return made;
    };
    [listed, other] = [await folder(), await folder()];
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  async function answerIn(folder: string, permissions: (site: string) => string[]): Promise<unknown[]> {
    const policy = definePolicy({ origins: [`chrome-extension://${idOf(listed)}`] });
    const server = await startDemo(readSettings({ PORT: '0' }, policy), policy);
    servers.push(server);
    const manifest = {
      manifest_version: 3,
      name: 'daypass',
      version: '1',
      host_permissions: permissions(server.url),
    };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(
      join(folder, 'page.html'),
      '<!doctype html><script type="module" src="page.js"></script>',
    );
    await writeFile(join(folder, 'page.js'), await bundle(sourceFor(server.url)));
    const context = await launchWithExtension(folder);
    try {
      const page = await context.newPage();
      await page.goto(`chrome-extension://${idOf(folder)}/page.html`);
      return JSON.parse((await page.locator('pre').textContent()) ?? '');
    } finally {
      await context.close();
    }
  }

  test.each([
    ['that may reach the site anyway', (site: string) => [`${site}/*`]],
    ['by CORS alone', () => []],
  ])('signs up, exchanges and calls: %s', async (_, permissions) => {
    expect(await answerIn(listed, permissions)).toEqual([
      `chrome-extension://${idOf(listed)}`,
      expect.objectContaining({ message: expect.stringMatching(/^Hello/) }),
      [200, 'from an extension', true],
    ]);
  });

  test('that is not listed is refused', async () => {
    const [error] = await answerIn(other, (site) => [`${site}/*`]);
    expect(error).toMatch(/does not list under origins/);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import policy from '../../daypass.config.ts';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { describeWith } from '../support/optional.ts';
import { installPackage, run } from './install.ts';

// Where modules of pages are tested: a project whose tests are run by a Vitest of its own.

describeWith('vitest with jsdom and happy-dom')('a page’s module under Vitest', () => {
  let server: DemoServer;
  beforeAll(async () => {
    await installPackage('vitest');
    server = await startDemo(readSettings({ PORT: '0' }, policy), policy);
  });
  afterAll(() => server?.close());

  test.each([
    ['jsdom', 'jsdom.spec.js', 3],
    ['happy-dom', 'happyDom.spec.js', 2],
  ])('makes its session and attaches it, and calls the API: %s', async (_, file, count) => {
    const environment = { SITE_URL: server.url, NO_COLOR: '1' };
    const { code, output } = await run('vitest', 'vitest/vitest.mjs', ['run', file], environment);
    expect([code, /Tests +(.*)/.exec(output)?.[1]], output).toEqual([0, `${count} passed (${count})`]);
  });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUnconfiguredApp } from '../../src/http/statusPage.ts';
import { causes } from '../../src/protocol/causes.ts';
import { type BrokerStack, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { otherSecret, privateSecret, secret } from '../support/tokens.ts';

/** As Chromium and Firefox send it for a page. */
const ofBrowser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

let stack: BrokerStack;
beforeEach(async () => {
  stack = await startBrokerStack({ identity: { autoconfirm: false } });
});
afterEach(() => stack.close());

const statusFor = (accept: string) => stack.request('/session/status', { headers: { accept } });

test('a browser that asks for the status gets a page with every check and remedy', async () => {
  const response = await statusFor(ofBrowser);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const page = await response.text();
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('<h1>Daypass is not set up yet</h1>');
  const { what, remedy: text } = causes.autoconfirm_off;
  const remedy = text.replaceAll('>', '&#62;').replaceAll('"', '&#34;');
  expect(page.match(/<dt>.*<\/dl>/)?.[0]).toBe(
    `<dt><strong>Autoconfirm</strong></dt><dd>${what}</dd><dd>${remedy}</dd></dl>`,
  );
  expect(page.match(/<h2>Works<.*/)?.[0].match(/<li>/g)).toHaveLength(8);
  // Warnings, too.
  expect(page).toContain('Anybody may sign up as a member');
});

test('a site where all is well says so', async () => {
  await stack.close();
  stack = await startBrokerStack();
  const page = await (await statusFor(ofBrowser)).text();
  expect(page).toContain('<h1>Daypass is set up</h1>');
  expect(page).not.toContain('To fix');
  expect(page.match(/<h2>Works<.*/)?.[0].match(/<li>/g)).toHaveLength(9);
});

test.each([
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/json, text/html;q=0.9', 'application/json'],
  ['text/html;q=0, */*', 'application/json'],
  ['image/png', 'application/json'],
  ['text/html', 'text/html; charset=UTF-8'],
])('Accept: %s gets %s', async (accept, contentType) => {
  expect((await statusFor(accept)).headers.get('content-type')).toBe(contentType);
});

test('a client that names no type gets JSON', async () => {
  const response = await stack.request('/session/status');
  expect(response.headers.get('content-type')).toBe('application/json');
});

test('caches keep page and JSON apart, and by origin', async () => {
  for (const accept of [ofBrowser, '*/*']) {
    const { headers } = await stack.request('/session/status', { headers: { accept, origin: siteUrl } });
    const vary = (headers.get('vary') ?? '').split(/,\s*/).map((field) => field.toLowerCase());
    expect(vary).toEqual(expect.arrayContaining(['accept', 'origin']));
  }
});

test('the page needs nothing that its own Content-Security-Policy forbids', async () => {
  const response = await statusFor(ofBrowser);
  expect(response.headers.get('content-security-policy')).toBe(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await response.text()).not.toMatch(/<script|<style|<link|<img|<base|\sstyle=|\son\w+=/i);
});

test('what Identity answers is text on the page, never markup', async () => {
  const audience = '"><script>alert(1)</script><p title=\'';
  const { listUsers } = stack.broker.identity;
  stack.broker.identity.listUsers = async (...asked) => {
    const listed = await listUsers(...asked);
    return typeof listed === 'string' ? listed : { ...listed, audience };
  };
  const page = await (await statusFor(ofBrowser)).text();
  expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
  expect(page).not.toContain('<script');
});

test('the page says no secret', async () => {
  const page = await (await statusFor(ofBrowser)).text();
  for (const hidden of [
    secret,
    otherSecret,
    privateSecret,
    stack.redis.token,
    stack.identity.operatorToken,
  ]) {
    expect(page).not.toContain(hidden);
  }
});

test('a site that cannot be served says on a page what is missing, each problem in a line of its own', async () => {
  const app = createUnconfiguredApp(['Set DAYPASS_SECRET.', 'Set <URL>.'], () => undefined);
  const response = await app.request('/session/status', { headers: { accept: ofBrowser } });
  expect(response.headers.get('cache-control')).toBe('no-store');
  const page = await response.text();
  expect(page).toContain('<dd>Set DAYPASS_SECRET.</dd><dd>Set &#60;URL&#62;.</dd>');
});

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';
import { openPage } from './support/browser.ts';
import { useSite } from './support/useSite.ts';
import { ways } from './support/ways.ts';

// React itself, in its development build, whose strict mode runs each effect twice.

const [[, start]] = ways as [(typeof ways)[number]];

/** A page that keeps what the hook returned at each rendering, and how often each component rendered. */
const page = (setUp: string) => `
  import { createElement as h, StrictMode, useEffect, useState } from 'react';
  import { createRoot, hydrateRoot } from 'react-dom/client';
  import { createFakeSession } from './client/fakeSession.ts';
  import { createSession } from './client/index.ts';
  import { DaypassProvider, useDaypass } from './client/react.ts';

  const seen = (window.seen = []);
  function Greeting() {
    const daypass = useDaypass();
    const { session, status, error, proof } = daypass;
    const [text, setText] = useState('');
    seen.push(daypass);
    useEffect(() => {
      let isCurrent = true;
      session.fetch('/api/hello').then((response) => response.json()).then(
        ({ message }) => isCurrent && setText(message),
        () => undefined,
      );
      return () => { isCurrent = false; };
    }, [session]);
    return h('p', { id: 'greeting' }, [status, error?.code, proof?.fraction, text].filter((each) => each !== undefined).join(' '));
  }
  const root = document.body.appendChild(document.createElement('div'));
  const tree = window.tree = (props) => h(StrictMode, null, h(DaypassProvider, props, h(Greeting)));
  ${setUp}
`;

describeWith('chromium')('daypass/react', () => {
  const site = useSite(start);
  const open = async (setUp: string): Promise<Page> =>
    openPage(site.context, site.server.url, { source: page(setUp) });
  const text = (opened: Page) => opened.locator('#greeting').textContent();

  test('a cold start is four requests, whatever strict mode does twice', async () => {
    const opened = await open('createRoot(root).render(tree({}));');
    await expect.poll(() => text(opened)).toBe('active Hello, visitor.');
    // Two effects, two calls; one session.
    expect(site.requests.sort()).toEqual([
      'GET /api/hello',
      'GET /api/hello',
      'POST /.netlify/identity/signup',
      'POST /.netlify/identity/token',
      'POST /session/token',
    ]);
    expect(await opened.evaluate('new Set(seen.map(({ session }) => session)).size')).toBe(1);
  });

  test('a page that a server rendered is taken over without a difference', async () => {
    const errors: string[] = [];
    site.context.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    const opened = await open(`
      root.innerHTML = '<p id="greeting">idle </p>';
      hydrateRoot(root, tree({ session: createSession() }), { onRecoverableError: (error) => console.error(error) });
    `);
    await expect.poll(() => text(opened)).toBe('active Hello, visitor.');
    expect(errors).toEqual([]);
  });

  describe('the state', () => {
    const fake = `
      window.session = createFakeSession({ fetch: () => Response.json({ message: 'Hello' }) });
      window.app = createRoot(root);
      app.render(tree({ session }));
    `;

    test('follows the session: a proof, a token, its end, a failure, and what comes after', async () => {
      const opened = await open(fake);
      await expect.poll(() => text(opened)).toBe('active Hello');
      await opened.evaluate("session.emit('proof', { fraction: 0.5 })");
      await expect.poll(() => text(opened)).toBe('proving 0.5 Hello');
      await opened.evaluate("session.emit('ended', { reason: 'expired' })");
      await expect.poll(() => text(opened)).toBe('ended Hello');
      await opened.evaluate(
        "session.failWith('rate_limited', { retryAfterSeconds: 30 }); session.token().catch(() => {})",
      );
      await expect.poll(() => text(opened)).toBe('failed rate_limited Hello');
      expect(await opened.evaluate('seen.at(-1).error.retryAfterSeconds')).toBe(30);
      await opened.evaluate('session.failWith(undefined); session.token({ renew: true })');
      await expect.poll(() => text(opened)).toBe('active Hello');
    });

    test('is the same object until something happens, and the session is always the same', async () => {
      const opened = await open(fake);
      await expect.poll(() => text(opened)).toBe('active Hello');
      const before = await opened.evaluate('seen.length');
      await opened.evaluate('app.render(tree({ session }))');
      await expect.poll(() => opened.evaluate('seen.length')).toBeGreaterThan(Number(before));
      expect(await opened.evaluate(`seen.at(-1) === seen[${before} - 1]`)).toBe(true);
      expect(await opened.evaluate('seen.every((each) => each.session === session)')).toBe(true);
    });

    test('is kept while no component is there that shows it, and the session is listened to once', async () => {
      const opened = await open(fake);
      await expect.poll(() => text(opened)).toBe('active Hello');
      const listeners = "session.calls.filter(({ name }) => name === 'on').length";
      const before = await opened.evaluate(listeners);
      await opened.evaluate('app.render(null)');
      await opened.evaluate("session.failWith('network_error'); session.token().catch(() => {})");
      await opened.evaluate('app.render(tree({ session }))');
      await expect.poll(() => text(opened)).toBe('failed network_error ');
      expect(await opened.evaluate(listeners)).toBe(before);
    });

    test('is that of another session once the provider gets another', async () => {
      const opened = await open(fake);
      await expect.poll(() => text(opened)).toBe('active Hello');
      await opened.evaluate(`{
        window.other = { ...session, on: () => () => {}, fetch: () => new Promise(() => {}) };
        app.render(tree({ session: other }));
      }`);
      await expect.poll(() => text(opened)).toBe('idle Hello');
      expect(await opened.evaluate('seen.at(-1).session === other')).toBe(true);
    });
  });
});

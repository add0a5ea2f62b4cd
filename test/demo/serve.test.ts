import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningCommand, runNode } from '../support/runCommand.ts';

let running: RunningCommand | undefined;
afterEach(() => {
  running?.process.kill('SIGKILL');
  running = undefined;
});

const ready = /Daypass is ready: (http:\/\/localhost:\d+)/;

describe.each([
  ['npm start', 'demo/serve.ts'],
  ['npm run start:netlify', 'demo/serveNetlify.ts'],
])('%s', (_, file) => {
  test('gets ready, says what it runs, and ends clean on Ctrl-C', async () => {
    // What it leaves in the temporary folder shows there.
    const folder = mkdtempSync(join(tmpdir(), 'daypass-test-'));
    running = runNode(file, { PORT: '0', TMPDIR: folder });
    const url = await running.printed(ready);
    expect(running.output()).toMatch(/^Redis: /m);
    const page = await fetch(url);
    expect(await page.text()).toContain('<title>');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const status = (await (await fetch(`${url}/session/status`)).json()) as { ok: boolean };
    expect(status.ok).toBe(true);
    running.process.kill('SIGINT');
    expect(await running.exited).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    await expect.poll(() => readdirSync(folder).filter((name) => name.startsWith('daypass'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test('a port in use is a clear error', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    running = runNode(file, { PORT: String(port) });
    expect(await running.exited).toBe(1);
    expect(running.output().trim()).toBe(`Port ${port} on 127.0.0.1 is in use. Set PORT to another one.`);
    other.close();
  });

  test.each([
    [{ PORT: 'eighty' }, 'PORT must be a number from 0 to 65535.'],
    [{ IDENTITY_URL: 'http://127.0.0.1:9999' }, 'Set IDENTITY_URL and IDENTITY_OPERATOR_TOKEN, or neither.'],
    [
      { DAYPASS_SECRET: 'changeme-changeme-changeme-changeme' },
      'DAYPASS_SECRET is a placeholder. Make one: node -e',
    ],
    [{ DAYPASS_UPSTREAM: 'http://api.example' }, 'DAYPASS_UPSTREAM must be an https URL.'],
  ])('refuses %j with what to do', async (environment, message) => {
    running = runNode(file, { PORT: '0', ...environment });
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain(message);
    expect(running.output()).not.toContain('changeme');
    expect(running.output()).not.toMatch(/^\s+at /m);
  });
});

test('an upstream, an Identity and a Redis from outside take the place of ours', async () => {
  running = runNode('demo/serve.ts', { PORT: '0' });
  const first = await running.printed(ready);
  const second = runNode('demo/serve.ts', {
    PORT: '0',
    DAYPASS_UPSTREAM: `${first}/nowhere`,
    IDENTITY_URL: `${first}/.netlify/identity`,
    IDENTITY_OPERATOR_TOKEN: 'operator',
    UPSTASH_REDIS_REST_URL: first,
    UPSTASH_REDIS_REST_TOKEN: 'token',
  });
  const url = await second.printed(ready);
  expect(second.output()).toContain(`Identity: ${first}/.netlify/identity`);
  expect(second.output()).toContain(`/api/*: ${first}/nowhere`);
  const settings = await fetch(`${url}/.netlify/identity/settings`);
  expect(await settings.json()).toMatchObject({ autoconfirm: true });
  second.process.kill('SIGINT');
  expect(await second.exited).toBe(0);
});

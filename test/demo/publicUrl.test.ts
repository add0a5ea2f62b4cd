import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';

const publicUrl = 'https://tunnel.example';
const policy = definePolicy();

describe('PUBLIC_URL', () => {
  test.each([
    ['https://abc.trycloudflare.com', 'https://abc.trycloudflare.com'],
    ['https://abc.ngrok-free.app/', 'https://abc.ngrok-free.app'],
    ['http://192.168.1.5:8888', 'http://192.168.1.5:8888'],
    ['', undefined],
    [undefined, undefined],
  ])('%o is %o', (text, url) => {
    expect(readSettings({ PUBLIC_URL: text }, policy).publicUrl).toBe(url);
  });

  test.each([
    'abc.trycloudflare.com',
    'https://abc.example/path',
    'https://abc.example?x',
    'https://abc.example//',
    'https://user:password@abc.example',
    'https://ABC.example',
    'ftp://abc.example',
    'capacitor://localhost',
    '*',
  ])('%s is none: told at start', (text) => {
    expect(() => readSettings({ PUBLIC_URL: text }, policy)).toThrow(/^PUBLIC_URL must be the origin/);
  });
});

/** A request as something in front of the server sends it, with whatever `Host` it likes. */
function send(server: DemoServer, path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(
      server.url.replace('localhost', '127.0.0.1') + path,
      { method, headers },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    sent.on('error', reject).end();
  });
}

const refusal = async (answer: ReturnType<typeof send>) => {
  const { status, body } = await answer;
  const { code, detail, error_description } = JSON.parse(body);
  return { outcome: `${status} ${code}`, detail: detail ?? error_description };
};

describe('behind a tunnel', () => {
  let told: DemoServer;
  let untold: DemoServer;
  const proxied = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  beforeAll(async () => {
    const start = (env: Record<string, string>) =>
      startDemo(readSettings({ PORT: '0', ...env }, policy), policy, { redisBackend: 'memory' });
    told = await start({ PUBLIC_URL: `${publicUrl}/` });
    untold = await start({});
  });
  afterAll(() => Promise.all([told.close(), untold.close()]));

  const calls: [string, string, string][] = [
    ['GET', '/api/hello', '401 token_missing'],
    ['GET', '/hello', '401 token_missing'],
    ['POST', '/session/token', '401 token_missing'],
    ['POST', '/session/revoke', '400 unsupported_content_type'],
  ];

  test.each(calls)('a page of it is the site`s own: %s %s', async (method, path, outcome) => {
    for (const host of ['tunnel.example', new URL(told.url).host]) {
      const headers = { host, origin: publicUrl, ...proxied };
      expect((await refusal(send(told, path, headers, method))).outcome).toBe(outcome);
    }
    const headers = { host: new URL(told.url).host, origin: told.url };
    expect((await refusal(send(told, path, headers, method))).outcome).toBe(outcome);
  });

  test.each(calls)('another page is foreign all the same: %s %s', async (method, path) => {
    const own = new URL(told.url).host;
    for (const [host, origin] of [
      ['tunnel.example', 'https://evil.example'],
      ['tunnel.example', 'http://tunnel.example'],
      [own, 'https://evil.example'],
      ['tunnel.example', told.url],
    ] as const) {
      // What the caller says of itself makes no difference.
      const headers = { host, origin, 'x-forwarded-host': 'evil.example', ...proxied };
      expect((await refusal(send(told, path, headers, method))).outcome).toBe('403 foreign_origin');
    }
  });

  test.each(calls)('a server that was not told of it names the setting: %s %s', async (method, path) => {
    const headers = { origin: publicUrl, 'x-forwarded-host': 'tunnel.example', ...proxied };
    const own = { ...headers, host: new URL(untold.url).host };
    const { outcome, detail } = await refusal(send(untold, path, own, method));
    expect(outcome).toBe('403 foreign_origin');
    expect(detail).toContain(`PUBLIC_URL=${publicUrl}`);
    const { status, body } = await send(untold, path, { ...headers, host: 'tunnel.example' }, method);
    expect(status).toBe(403);
    expect(body).toContain(`PUBLIC_URL=${publicUrl}`);
  });

  test('no setting is named for what is no tunnel, and nothing is repeated that is no web site', async () => {
    const own = await refusal(send(untold, '/session/token', { origin: 'http://localhost:5173' }, 'POST'));
    expect(own.detail).toMatch(/http:\/\/localhost:5173.*does not list/);
    expect(own.detail).not.toContain('PUBLIC_URL');
    const odd = await refusal(send(untold, '/session/token', { origin: 'https://a"b\\c' }, 'POST'));
    expect(odd.detail).not.toContain('a"b');
  });

  test('what comes through it is at its address, also without Origin and with the server`s own Host', async () => {
    const endpointFor = async (headers: Record<string, string>) =>
      JSON.parse((await send(told, '/.well-known/oauth-authorization-server', headers)).body).token_endpoint;
    const own = new URL(told.url).host;
    expect(await endpointFor({ host: 'tunnel.example' })).toBe(`${publicUrl}/session/token`);
    expect(await endpointFor({ host: own, ...proxied })).toBe(`${publicUrl}/session/token`);
    expect(await endpointFor({ host: own })).toBe(`${told.url}/session/token`);
  });

  test('its visitors do not reach the lab, whatever Host says; this machine does', async () => {
    const path = '/dev';
    const statuses = async (server: DemoServer, headers: Record<string, string>) =>
      (await send(server, path, headers)).status;
    const own = new URL(told.url).host;
    expect(await statuses(told, { host: own })).toBe(200);
    expect(await statuses(told, { host: own, ...proxied })).toBe(404);
    expect(await statuses(told, { host: 'tunnel.example' })).toBe(404);
    expect(await statuses(untold, { host: new URL(untold.url).host })).toBe(200);
    expect(await statuses(untold, { host: new URL(untold.url).host, ...proxied })).toBe(404);
  });

  test('the site knows itself by it, and Identity by the way that needs no tunnel', () => {
    expect(told.publicUrl).toBe(publicUrl);
    expect(told.parts.environment).toMatchObject({
      URL: publicUrl,
      IDENTITY_URL: `${told.url}/.netlify/identity`,
    });
    expect(told.parts.description).toContain(`Visitors: ${publicUrl}`);
    expect(untold.publicUrl).toBe(untold.url);
    expect(untold.parts.environment).not.toHaveProperty('IDENTITY_URL');
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireAccessToken } from '../../src/package/express.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { describeWith } from '../support/optional.ts';
import { issuer, secret } from '../support/tokens.ts';

// daypass/express in the versions of Express that people have, with the gate in front and without it.

const require = createRequire(import.meta.url);
const folder = import.meta.dirname;

/** Both versions, whose types differ; those of Express 5 are held to ours below. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyExpress = any;

function createBackend(express: AnyExpress): AnyExpress {
  const app = express();
  // As docs/gate.md says.
  app.set('trust proxy', 1);
  app.get('/api/open', (_request: AnyExpress, response: AnyExpress) => response.send('open'));
  app.use('/api', requireAccessToken({ secret, issuer }));
  app.get('/api/hello', (request: AnyExpress, response: AnyExpress) =>
    response.json({ you: request.daypass.subject, site: request.daypass.issuer }),
  );
  app.get('/api/site', ({ protocol, hostname, ip }: AnyExpress, response: AnyExpress) =>
    response.json({ protocol, hostname, ip }),
  );
  app.post('/api/echo', express.json(), (request: AnyExpress, response: AnyExpress) =>
    response.json(request.body),
  );
  app.options('/api/hello', (_request: AnyExpress, response: AnyExpress) =>
    response.set('allow', 'GET, OPTIONS').send('what this takes'),
  );
  app.get('/api/broken', () => {
    throw new Error('of the app');
  });
  app.get(
    '/api/scoped',
    requireAccessToken({ secret, issuer, scope: 'write' }),
    (_: AnyExpress, response: AnyExpress) => response.send('written'),
  );
  const day = (limit: number) => ({ limit, windowSeconds: 86_400, algorithm: 'fixed-window' as const });
  const limited = requireAccessToken({
    secret,
    issuer,
    name: 'limited',
    limits: { session: day(40), address: day(1000) },
    cost: { answer: 'daypass-cost' },
  });
  app.get('/api/limited', limited, (_: AnyExpress, response: AnyExpress) =>
    response.set('Daypass-Cost', '30').json('dear'),
  );
  app.get('/api/streamed', limited, (_: AnyExpress, response: AnyExpress) => {
    response.setHeader('daypass-cost', 9);
    response.write('a');
    response.end('b');
  });
  app.use((error: Error, _request: AnyExpress, response: AnyExpress, _next: AnyExpress) =>
    response.status(500).json({ handledBy: 'the app', message: error.message }),
  );
  return app;
}

describeWith('express')('daypass/express', () => {
  describe.each(['express', 'express4'])('%s', (name) => {
    let backend: ReturnType<typeof createServer>;
    let stack: GateStack;
    let direct: string;

    beforeAll(async () => {
      backend = createServer(createBackend(require(name)));
      await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
      direct = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
      stack = await startGateStack({
        policy: { upstream: { clientAddress: true } },
        variables: { DAYPASS_UPSTREAM: direct },
      });
    });
    afterAll(async () => {
      backend.closeAllConnections();
      await new Promise((resolve) => backend.close(resolve));
      await stack.close();
    });

    /** Past the gate, with a token unless told otherwise. */
    async function call(path: string, init: RequestInit = {}, token?: string | null): Promise<Response> {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set('authorization', `Bearer ${token ?? (await stack.mint())}`);
      return fetch(direct + path, { ...init, headers });
    }

    test('it knows the site and the address of the caller, whatever the caller says', async () => {
      const forged = {
        'x-forwarded-for': '10.0.0.1',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
      };
      const response = await stack.call('/api/site', { headers: forged, address: '203.0.113.9' });
      const { hostname } = new URL(issuer);
      expect(await response.json()).toEqual({ protocol: 'https', hostname, ip: '203.0.113.9' });
    });

    test('a call through the gate reaches its handler, which knows the caller', async () => {
      const response = await stack.call('/api/hello');
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ you: expect.stringMatching(/^anon_/), site: issuer });
      const echoed = await stack.call('/api/echo', {
        method: 'POST',
        body: '{"a":1}',
        headers: { 'content-type': 'application/json' },
      });
      expect(await echoed.json()).toEqual({ a: 1 });
    });

    test('OPTIONS is a call like others, through the gate too', async () => {
      const response = await stack.call('/api/hello', { method: 'OPTIONS' });
      expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
        200,
        'GET, OPTIONS',
        'what this takes',
      ]);
      expect((await call('/api/hello', { method: 'OPTIONS' }, null)).status).toBe(401);
    });

    test('HEAD is answered without a body, with a token and without', async () => {
      const good = await stack.call('/api/hello', { method: 'HEAD' });
      expect([good.status, await good.text()]).toEqual([200, '']);
      const refused = await call('/api/hello', { method: 'HEAD' }, null);
      expect([refused.status, await refused.text()]).toEqual([401, '']);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
    });

    test('who comes past the gate without a token, or with another one, is refused', async () => {
      const missing = await call('/api/hello', {}, null);
      expect(missing.status).toBe(401);
      expect(missing.headers.get('content-type')).toBe('application/problem+json');
      expect(await missing.json()).toMatchObject({ code: 'token_missing' });
      const forged = await call('/api/hello', {}, `${(await stack.mint()).slice(0, -4)}AAAA`);
      expect(forged.status).toBe(401);
      expect(forged.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect((await call('/api/open', {}, null)).status).toBe(200);
    });

    test('a scope is asked for: 403 without it', async () => {
      expect((await call('/api/scoped', {}, await stack.mint({ scopes: ['write'] }))).status).toBe(200);
      expect((await call('/api/scoped')).status).toBe(403);
    });

    test('limits of its own hold, and a price that a handler names is charged and goes no further', async () => {
      const token = await stack.mint();
      const seen: string[] = [];
      for (const path of ['/api/streamed', '/api/limited', '/api/streamed', '/api/limited']) {
        const response = await call(path, {}, token);
        const { headers } = response;
        expect(headers.has('daypass-cost')).toBe(false);
        const left = /"session limited";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
        seen.push(
          `${response.status} ${left} ${response.status === 200 ? await response.text() : ''}`.trim(),
        );
      }
      expect(seen).toEqual(['200 39 ab', '200 30 "dear"', '200 0 ab', '429 0']);
      const refused = await call('/api/limited', {}, token);
      expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.headers.get('ratelimit-policy')).toContain('"session limited";q=40;w=86400');
      expect((await call('/api/limited')).status).toBe(200);
    });

    test("what a handler throws is the app's to handle", async () => {
      const response = await call('/api/broken');
      expect([response.status, await response.json()]).toEqual([
        500,
        { handledBy: 'the app', message: 'of the app' },
      ]);
    });

    test('a token of daypass dev says in debug mode how to accept it', async () => {
      const token = await stack.mint({ deployContext: 'dev' });
      const { detail } = (await (await call('/api/hello', {}, token)).json()) as { detail: string };
      expect(detail).toContain("deployContexts: ['dev']");
    });
  });

  test('fits the types of Express 5, and req.daypass has one', () => {
    const project = mkdtempSync(join(folder, '..', '..', 'dist', 'express-'));
    try {
      const source = `
        import express from 'express';
        import { requireAccessToken } from 'daypass/express';
        const app = express();
        app.use('/api', requireAccessToken({ secret: process.env.DAYPASS_SECRET, issuer: 'https://a.example' }));
        const limits = { session: { limit: 20, windowSeconds: 86_400 }, address: [{ limit: 9, windowSeconds: 60 }] };
        const site = { secret: 's', issuer: 'i' };
        app.use(requireAccessToken({ ...site, name: 'chat', limits, cost: { answer: 'daypass-cost' } }));
        app.use(requireAccessToken({ ...site, name: 'x', limits, clientAddress: (req) => req.headers['x-real-ip']?.toString() }));
        app.get('/x', requireAccessToken({ sites: [{ secret: 's', issuer: 'i' }], scope: 'write' }), (req, res) => {
          const subject: string | undefined = req.daypass?.subject;
          // @ts-expect-error there is no such claim
          req.daypass?.nothing;
          res.json({ subject });
        });
      `;
      writeFileSync(join(project, 'app.ts'), source);
      const page = readFileSync(join(folder, '../../docs/backends.md'), 'utf8');
      const [, shown = ''] = /```ts\n(import [^`]*'daypass\/express';[\s\S]*?)```/.exec(page) ?? [];
      expect(shown).toContain('req.daypass');
      writeFileSync(join(project, 'page.ts'), shown);
      const types = join(folder, 'node_modules', '@types');
      const compilerOptions = {
        paths: {
          'daypass/express': [join(folder, '../../src/package/express.ts')],
          express: [join(types, 'express')],
        },
      };
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.'], exclude: [] }),
      );
      const compiler = join(folder, '../../node_modules/typescript/bin/tsc');
      const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
      expect(stdout).toBe('');
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });
});

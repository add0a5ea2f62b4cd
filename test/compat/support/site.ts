import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleMore, bundleScript } from '../../../scripts/bundle.ts';

/** A call of the API, as the server saw it. */
export interface Call {
  /** `POST /api/echo?x=1` */
  line: string;
  token: string | undefined;
}

/**
 * A site on this machine: pages, the built client, Identity and broker as they answer, and one API twice: under `/open/`
 * for everybody, under `/api/` for who brings a token.
 */
export interface Site {
  url: string;
  /** Calls under `/api/`. */
  calls: Call[];
  signUps: number;
  /** Answers 401 to a call that says its token was at fault; by default none. */
  refuses: (call: Call, earlier: readonly Call[]) => boolean;
  /** False: Identity answers 500. */
  isIdentityUp: boolean;
  /** Paths that answer 404. */
  missing: Set<string>;
  close(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const files: Record<string, string> = {
    '/daypass.js': await bundleScript(),
    '/daypass-more.js': await bundleMore(),
  };
  const flaky = new Map<string, number>();
  let given = 0;
  const site: Site = {
    url: '',
    calls: [],
    signUps: 0,
    refuses: () => false,
    isIdentityUp: true,
    missing: new Set(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://site');
    const json = (value: unknown, status = 200, headers: Record<string, string> = {}) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(value));
    };
    if (site.missing.has(pathname)) return void response.writeHead(404).end();
    const file = files[pathname];
    if (file) return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
    const body = await readBody(request);
    if (pathname === '/.netlify/identity/signup') {
      site.signUps += 1;
      return json({ id: 'u', confirmed_at: 'now' }, site.isIdentityUp ? 200 : 500);
    }
    if (pathname === '/.netlify/identity/token') return json({ access_token: 'identity' });
    if (pathname === '/session/token') {
      given += 1;
      return json({ access_token: `access-${given}`, expires_in: 300, session_expires_in: 3600 });
    }
    const api = /^\/(api|open)(\/.*)$/.exec(pathname);
    if (!api) {
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>test</title><link rel="icon" href="data:,">');
    }
    if (api[1] === 'api') {
      const token = /^Bearer (access-\d+)$/.exec(request.headers.authorization ?? '')?.[1];
      const call = { line: `${request.method} ${pathname}${search}`, token };
      const isRefused = !token || site.refuses(call, site.calls);
      site.calls.push(call);
      if (isRefused) {
        return json({ code: 'token_revoked' }, 401, {
          'www-authenticate': `Bearer realm="x"${token ? ', error="invalid_token"' : ''}`,
        });
      }
    }
    await answerApi(api[2] as string, search, request, response, body, flaky);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return site;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What clients of HTTP are tried with. */
async function answerApi(
  path: string,
  search: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  flaky: Map<string, number>,
): Promise<void> {
  const query = new URLSearchParams(search);
  const end = (type: string, content: string | Buffer, status = 200) =>
    response.writeHead(status, { 'content-type': type, 'x-answer': 'yes' }).end(content);
  if (path === '/echo') {
    const fields = Object.entries(request.headers).filter(([name]) =>
      /^(x-|hx-|accept$|content-type$|cookie$)/.test(name),
    );
    // What records a page has cookies of its own.
    const cookie = /seen=\w+/.exec(`${request.headers.cookie}`)?.[0];
    const headers = Object.fromEntries(fields.sort().map(([name, value]) => [name, unbound(`${value}`)]));
    if (headers.cookie) headers.cookie = `${cookie}`;
    const content = unbound(body.toString('latin1'));
    end('application/json', JSON.stringify({ method: request.method, search, headers, body: content }));
  } else if (path === '/text') end('text/plain; charset=utf-8', 'grüße');
  else if (path === '/latin') end('text/plain; charset=utf-8', Buffer.from([0x67, 0xfc]));
  else if (path === '/bytes') end('application/octet-stream', Buffer.from([0, 1, 2, 255]));
  else if (path === '/xml') end('text/xml', '<a><b>1</b></a>');
  else if (path === '/html') end('text/html', '<p id="made">made by the server</p>');
  else if (path === '/bad-json') end('application/json', '{"a":');
  else if (path === '/empty') response.writeHead(204).end();
  else if (path === '/status') end('application/json', '{"why":"asked for"}', Number(query.get('code')));
  else if (path === '/redirect') response.writeHead(302, { location: 'text' }).end();
  else if (path === '/large') end('text/plain', 'x'.repeat(400_000));
  else if (path === '/break') response.destroy();
  else if (path === '/never') return;
  else if (path === '/begun') {
    // A browser that guesses types waits for more.
    response
      .writeHead(200, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' })
      .write('begun');
    if (query.has('ends')) setTimeout(() => response.end(), 500);
  } else if (path === '/flaky') {
    const key = `${request.headers.authorization ? 'api' : 'open'} ${search}`;
    flaky.set(key, (flaky.get(key) ?? 0) + 1);
    end('text/plain', `${flaky.get(key)}`, (flaky.get(key) ?? 0) < Number(query.get('until')) ? 503 : 200);
  } else if (path === '/stream') {
    response.writeHead(200, { 'content-type': 'text/plain' });
    for (const part of ['one ', 'two ', 'three']) {
      response.write(part);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    response.end();
  } else response.writeHead(404).end();
}

/** Multipart boundaries are drawn by chance. */
function unbound(text: string): string {
  const boundary = /boundary=(\S+)|^--(\S+)\r\n/.exec(text);
  return boundary ? text.replaceAll(boundary[1] ?? boundary[2] ?? '', '…') : text;
}

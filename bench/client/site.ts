import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext } from 'playwright-core';

/** Lives long enough that nothing is renewed meanwhile; no one here checks the signature. */
function token(): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: crypto.randomUUID(), email: 'x@visitor.invalid', iat: now, exp: now + 3600 };
  return [{ alg: 'HS256', typ: 'JWT' }, claims, 'signature']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

const user = () => ({
  id: crypto.randomUUID(),
  email: 'x@visitor.invalid',
  aud: '',
  confirmed_at: new Date().toISOString(),
  app_metadata: { provider: 'email' },
  user_metadata: {},
});

const session = () => ({
  access_token: token(),
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: crypto.randomUUID(),
  scope: '',
  session_expires_in: 43_200,
});

/** What each client asks, by path: GoTrue's, the broker's, Supabase's (its GoTrue answers a sign-up with a session). */
const answers: Record<string, () => unknown> = {
  '/.netlify/identity/signup': user,
  '/.netlify/identity/token': session,
  '/.netlify/identity/user': user,
  '/session/token': session,
  '/auth/v1/signup': () => ({ ...session(), user: user() }),
};

export interface BenchSite {
  origin: string;
  /** Lines such as `POST /session/token`, in order; what is not known too. Taken away when read. */
  readRequests(): string[];
  close(): void;
}

/** A site that has a page for each client, and answers what they ask. */
export async function startSite(scripts: ReadonlyMap<string, string>): Promise<BenchSite> {
  let requests: string[] = [];
  const server = createServer(async (request, response) => {
    await once(request.resume(), 'end');
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    const name = /^\/page\/(\w+)$/.exec(pathname)?.[1];
    const script = scripts.get(pathname);
    if (name !== undefined) {
      const html = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script/${name}.js"></script>`;
      response.setHeader('content-type', 'text/html').end(html);
    } else if (script !== undefined) {
      response.setHeader('content-type', 'text/javascript').setHeader('cache-control', 'max-age=3600');
      response.end(script);
    } else {
      requests.push(`${request.method} ${pathname}`);
      answer(pathname, request, response);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    readRequests() {
      const read = requests;
      requests = [];
      return read;
    },
    close: () => server.close().closeAllConnections(),
  };

  function answer(path: string, request: IncomingMessage, response: import('node:http').ServerResponse) {
    const carriesToken =
      request.headers.authorization?.startsWith('Bearer ey') || request.headers['x-firebase-appcheck'];
    const body = path === '/api/hello' && carriesToken ? { message: 'hello' } : answers[path]?.();
    response
      .writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(body ?? {}));
  }
}

/**
 * Answers for Google, which no test calls: reCAPTCHA, of which only its first script is there, and App Check.
 * @returns lines of what was asked, taken away when read
 */
export async function standInForGoogle(context: BrowserContext): Promise<() => string[]> {
  let requests: string[] = [];
  const script = `let solved;
    grecaptcha = {
      ready: (done) => done(),
      render: (_, options) => ((solved = options.callback), 0),
      execute: async () => (solved(), 'solved'),
    };`;
  await context.route(/^https:/, (route) => {
    const request = route.request();
    const { host, pathname } = new URL(request.url());
    if (request.method() === 'OPTIONS') return route.fulfill({ headers: cors });
    requests.push(`${request.method()} ${host}${pathname}`);
    if (pathname === '/recaptcha/api.js')
      return route.fulfill({ contentType: 'text/javascript', body: script });
    return route.fulfill({ headers: cors, json: { token: token(), ttl: '3600s' } });
  });
  return () => {
    const read = requests;
    requests = [];
    return read;
  };
}

const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };

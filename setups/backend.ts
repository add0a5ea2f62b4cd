import { randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { NamedSetup } from './setups.ts';
import { custom, django, node, openNode } from './support/backends.ts';

const newSecret = () => randomBytes(32).toString('base64url');
const fastBy = (seconds: number) => () => Date.now() + seconds * 1000;
const oldSecret = newSecret();

/** Django in production takes no issuer on http, and the dev server has no other. */
const inProduction = {
  policy: {
    issuer: 'https://site.example',
    audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['hello'] } },
  },
};

/** The backend, and what stands between it and the gate. */
export const backendSetups: readonly NamedSetup[] = [
  {
    name: 'healthy, Django',
    expected: undefined,
    needs: 'python 3.10',
    site: inProduction,
    backend: django(),
  },
  {
    name: 'wrong secret in Django',
    expected: 'backend_secret_differs',
    needs: 'python 3.10',
    site: inProduction,
    backend: django(() => ({ DAYPASS_SECRET: newSecret() })),
  },
  {
    name: 'https for http in Django’s issuer',
    expected: 'backend_issuer_differs',
    needs: 'python 3.10',
    backend: django(({ issuer }) => ({ DAYPASS_ISSUER: issuer.replace('http:', 'https:') })),
  },
  {
    name: 'preview token at Django in production',
    expected: 'backend_deploy_context_refused',
    needs: 'python 3.10',
    site: { ...inProduction, deployContext: 'deploy-preview' },
    backend: django(),
  },
  {
    name: 'wrong secret',
    expected: 'backend_secret_differs',
    isQuick: true,
    backend: node(() => ({ secret: newSecret() })),
  },
  {
    name: 'a scope that the policy does not give',
    expected: 'backend_scope_missing',
    backend: node(() => ({ scope: 'write' })),
  },
  {
    name: 'old secondary secret',
    expected: 'backend_secret_old',
    variables: { DAYPASS_SECRET_SECONDARY: oldSecret },
    site: {
      policy: {
        audiences: { api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' } },
      },
    },
    backend: node(() => ({ secret: oldSecret })),
  },
  {
    name: 'another secret in the environment at hand',
    expected: 'secret_here_differs',
    doctor: { variables: { DAYPASS_SECRET: newSecret() } },
  },
  {
    name: 'swapped audience',
    expected: 'backend_audience_differs',
    isQuick: true,
    backend: node(() => ({ audience: 'admin' })),
  },
  {
    name: 'issuer of another port',
    expected: 'backend_issuer_differs',
    backend: node(() => ({ issuer: 'http://localhost:1' })),
  },
  {
    name: 'issuer with a slash in a backend of one’s own making',
    expected: 'backend_issuer_differs',
    backend: custom(
      ({ secret, issuer }) =>
        async (request) => {
          const token = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? '';
          const key = new TextEncoder().encode(secret);
          return jwtVerify(token, key, { issuer: `${issuer}/`, audience: 'api' }).then(
            () => Response.json({}),
            () => new Response('Unauthorized', { status: 401 }),
          );
        },
      'open',
    ),
  },
  {
    name: 'preview token at a production backend',
    expected: 'backend_deploy_context_refused',
    site: { deployContext: 'deploy-preview' },
  },
  {
    name: 'clock of the backend ten minutes fast, behind a firewall',
    expected: 'clock_backend',
    isQuick: true,
    backend: node(() => ({ now: fastBy(600) })),
  },
  {
    name: 'clock of the backend ten minutes slow, behind a firewall',
    expected: 'clock_backend',
    backend: node(() => ({ now: fastBy(-600) })),
  },
  { name: 'upstream open around the gate', expected: 'upstream_open', backend: openNode() },
  { name: 'no upstream', expected: 'upstream_not_set', backend: null },
  { name: 'upstream down', expected: 'upstream_unreachable', isQuick: true, backend: 'http://127.0.0.1:9' },
  {
    name: 'prefix doubled',
    expected: 'upstream_prefix_doubled',
    backend: async (shared) => {
      const { url, close } = await node()(shared);
      return { url: `${url}/api`, close };
    },
  },
  {
    name: 'prefix stripped',
    expected: 'prefix_stripped',
    backend: custom(
      () => (request) =>
        new Response(null, { status: new URL(request.url).pathname === '/hello' ? 401 : 404 }),
      'open',
    ),
  },
  {
    name: 'backend without Daypass',
    expected: 'backend_unprotected',
    backend: custom(() => () => Response.json({ message: 'Hello, anybody.' }), 'open'),
  },
  {
    name: 'backend that looks whether there is a token, and not at the token',
    expected: 'backend_unprotected',
    backend: custom(
      () => (request) =>
        request.headers.has('authorization') ? Response.json({}) : new Response(null, { status: 401 }),
      'open',
    ),
  },
  {
    name: 'backend that refuses all',
    expected: 'backend_refuses_token',
    isQuick: true,
    backend: custom(() => () => new Response('Forbidden', { status: 403 }), 'closed'),
  },
  {
    name: 'backend that fails',
    expected: 'backend_failed',
    backend: custom(() => () => new Response('Oops', { status: 500 }), 'closed'),
  },
  {
    name: 'backend behind a server that drops Authorization',
    expected: 'backend_gets_no_token',
    backend: async (shared) => {
      const backend = await node()(shared);
      const front = await custom(
        () => (request) => {
          const headers = new Headers(request.headers);
          headers.delete('authorization');
          return fetch(backend.url + new URL(request.url).pathname, { method: request.method, headers });
        },
        'closed',
      )(shared);
      return {
        url: front.url,
        close: async () => {
          await front.close();
          await backend.close();
        },
      };
    },
  },
  {
    name: 'a path that the backend does not have',
    expected: 'path_not_found',
    doctor: { path: '/api/nothing' },
  },
];

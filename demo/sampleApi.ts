import { Hono } from 'hono';
import { listen } from '../dev/listen.ts';
import type { Upstream } from '../dev/server/parts.ts';
import { type AccessTokenEnv, requireAccessToken } from '../src/package/hono.ts';
import type { VerifierOptions } from '../src/token/createVerifier.ts';

/**
 * The API that the demo protects: a backend elsewhere, which verifies each token itself with the shared secret
 * and does not have to trust the gate.
 */
export function createSampleApi(options: VerifierOptions): Hono<AccessTokenEnv> {
  const app = new Hono<AccessTokenEnv>();
  app.use('/api/*', requireAccessToken(options));

  app.get('/api/hello', (c) => {
    const { subject, expiresAt } = c.var.accessToken;
    return c.json({ message: 'Hello, visitor.', you: subject, expiresAt });
  });

  /** What costs its owner money, say: the policy puts a ceiling on it. */
  app.get('/api/quote', (c) => c.json({ quote: 'Well begun is half done.' }));

  /** What arrived here: shows that forged fields stay behind. */
  app.get('/api/headers', (c) => {
    const { authorization: _, ...rest } = c.req.header();
    return c.json(rest);
  });

  app.post('/api/echo', async (c) => {
    const body = await c.req.arrayBuffer();
    return c.body(body, 200, { 'content-type': c.req.header('content-type') ?? 'application/octet-stream' });
  });

  return app;
}

/** Starts it on a free port. */
export async function startSampleApi(verifier: VerifierOptions): Promise<Upstream> {
  const api = createSampleApi(verifier);
  return { ...(await listen((request) => api.fetch(request))), name: 'the sample API' };
}

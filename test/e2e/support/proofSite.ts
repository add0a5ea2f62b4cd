import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { type Listening, listen } from '../../../dev/listen.ts';
import type { ChallengeResponse } from '../../../src/protocol/messages.ts';

/** A small site with the built files, which answers as Identity and the broker do. */
export interface ProofSite extends Listening {
  /** What `GET /session/challenge` answers next. */
  challenge: ChallengeResponse;
  /** `METHOD /path` of each request. */
  requests: string[];
  /** The JSON of each sign-up. */
  signUps: { data?: { daypass_proof?: string } }[];
  /** Files that are not there. */
  missing: Set<string>;
}

export async function startProofSite(): Promise<ProofSite> {
  const app = new Hono();
  const site: Omit<ProofSite, keyof Listening> = {
    challenge: { proof: 'none' },
    requests: [],
    signUps: [],
    missing: new Set(),
  };
  app.use(async (c, next) => {
    site.requests.push(`${c.req.method} ${c.req.path}`);
    return site.missing.has(c.req.path) ? c.notFound() : next();
  });
  app.get('/session/challenge', (c) => c.json(site.challenge, 200, { 'cache-control': 'no-store' }));
  app.post('/.netlify/identity/signup', async (c) => {
    site.signUps.push(await c.req.json());
    return c.json({ id: 'u', confirmed_at: 'now' });
  });
  app.post('/.netlify/identity/token', (c) => c.json({ access_token: 'identity' }));
  app.post('/session/token', (c) =>
    c.json({ access_token: 'access', expires_in: 300, session_expires_in: 3600 }),
  );
  app.post('/session/revoke', (c) => c.body(null));
  // The same files once more in a folder.
  const rewriteRequestPath = (path: string) => path.replace(/^\/deep/, '');
  app.get('/*', serveStatic({ root: 'dist/site', rewriteRequestPath }));
  return Object.assign(site, await listen((request) => app.fetch(request)));
}

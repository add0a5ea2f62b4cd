import { Hono } from 'hono';
import type { CallerEnv } from '../http/caller.ts';
import { identityPath, metadataPath } from '../protocol/paths.ts';
import { createStaticFiles } from './staticFiles.ts';

/** What answers under the site's address. */
export interface DevSiteParts {
  identity(request: Request): Promise<Response>;
  broker: Hono<CallerEnv>;
  gate: Hono<CallerEnv>;
  lab: Hono<CallerEnv>;
}

/** Where `npm run build` puts the published site. */
export const publishFolder = 'dist/site';

/** Routes a request as the platform does: Identity, edge, functions, files. */
export async function createDevSite(parts: DevSiteParts): Promise<Hono<CallerEnv>> {
  const app = new Hono<CallerEnv>();
  app.all(`${identityPath}/*`, (c) => parts.identity(c.req.raw));
  app.all('/api/*', (c) => parts.gate.fetch(c.req.raw, c.env));
  app.all('/session/*', (c) => parts.broker.fetch(c.req.raw, c.env));
  app.all(metadataPath, (c) => parts.broker.fetch(c.req.raw, c.env));
  app.all('/dev/*', (c) => parts.lab.fetch(c.req.raw, c.env));
  app.all('/dev', (c) => parts.lab.fetch(c.req.raw, c.env));
  app.route('/', await createStaticFiles(publishFolder));
  return app;
}

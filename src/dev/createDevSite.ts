import { Hono } from 'hono';
import type { CallerEnv } from '../http/caller.ts';
import { identityPath, metadataPath } from '../protocol/paths.ts';
import { createStaticFiles } from './staticFiles.ts';

type App = Hono<CallerEnv>;

/** What answers under the site's address besides its files. */
export interface DevSiteParts {
  identity(request: Request): Promise<Response>;
  lab: App;
  /** Functions and edge functions; left out where Netlify's emulator runs them. */
  broker?: App;
  gate?: App;
  hello?: App;
}

/** Where `npm run build` puts the published site. */
const publishFolder = 'dist/site';

/** Routes a request as the platform does: Identity, edge, functions, files. */
export async function createDevSite({ identity, lab, broker, gate, hello }: DevSiteParts): Promise<App> {
  const site = new Hono<CallerEnv>();
  const mount = (path: string, app: App | undefined) => {
    if (app) site.all(path, (c) => app.fetch(c.req.raw, c.env));
  };
  site.all(`${identityPath}/*`, (c) => identity(c.req.raw));
  mount('/api/*', gate);
  mount('/session/*', broker);
  mount(metadataPath, broker);
  mount('/hello', hello);
  mount('/dev/*', lab);
  site.route('/', await createStaticFiles(publishFolder));
  return site;
}

import { Hono } from 'hono';
import { createStaticFiles } from '../dev/server/staticFiles.ts';
import type { CallerEnv } from '../src/http/caller.ts';
import { identityPath, metadataPath } from '../src/protocol/paths.ts';
import type { Apps } from './stack/apps.ts';

type App = Hono<CallerEnv>;

/** What answers under the site's address besides its files. */
export interface DevSiteParts {
  identity(request: Request): Promise<Response>;
  lab: App;
  /** The functions and edge functions of this moment; left out where Netlify's emulator runs them. */
  apps?: () => Apps;
  /** Takes events of an Identity elsewhere. */
  receiveEvent?: (request: Request) => Promise<Response>;
  /** The files, relative to the working directory. Default: where `npm run build` puts them, `dist/site`. */
  publishFolder?: string | undefined;
}

/** Routes a request as the platform does: Identity, edge, functions, files. */
export async function createDevSite(parts: DevSiteParts): Promise<App> {
  const { identity, lab, apps, receiveEvent, publishFolder = 'dist/site' } = parts;
  const site = new Hono<CallerEnv>();
  const mount = (path: string, name: 'guard' | 'gate' | 'broker' | 'hello') => {
    if (apps) site.all(path, (c) => apps()[name].fetch(c.req.raw, c.env));
  };
  mount(`${identityPath}/*`, 'guard');
  site.all(`${identityPath}/*`, (c) => identity(c.req.raw));
  if (receiveEvent) site.post('/.netlify/functions/identity', (c) => receiveEvent(c.req.raw));
  mount('/api/*', 'gate');
  mount('/session/*', 'broker');
  mount(metadataPath, 'broker');
  mount('/hello', 'hello');
  site.all('/dev/*', (c) => lab.fetch(c.req.raw, c.env));
  site.route('/', await createStaticFiles(publishFolder));
  return site;
}

import { readFile } from 'node:fs/promises';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

/**
 * Serves a built site as Netlify does: files, and the header fields of its `_headers` where it has one.
 * @param folder the published folder, relative to the working directory
 */
export async function createStaticFiles(folder: string): Promise<Hono> {
  const headers = readHeaders(await readFile(`${folder}/_headers`, 'utf8').catch(() => ''));
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of headers) c.res.headers.set(name, value);
  });
  app.get('*', serveStatic({ root: folder }));
  return app;
}

/** Netlify's `_headers`: a path, then indented fields. Ours has one path, for all. */
function readHeaders(text: string): [string, string][] {
  const fields = text.split('\n').filter((line) => line.startsWith(' '));
  return fields.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

/** The files of a published folder. */
export interface Files {
  /** The file that Netlify serves at a path, relative to the folder: `/about` is `about.html` or `about/index.html`. */
  find(pathname: string): Promise<string | undefined>;
  /** Answers with a file that was found; other methods than GET and HEAD get 405. */
  serve(request: Request, file: string): Promise<Response>;
}

/** @param folder absolute */
export function openFiles(folder: string): Files {
  return {
    async find(pathname) {
      const path = readPathname(pathname);
      if (path === undefined) return undefined;
      for (const file of [path, `${path}.html`, join(path, 'index.html')]) {
        const found = await stat(join(folder, file)).catch(() => undefined);
        if (found?.isFile() && !(file === path && pathname.endsWith('/'))) return file;
      }
      return undefined;
    },
    async serve(request, file) {
      if (!['GET', 'HEAD'].includes(request.method)) {
        return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
      }
      const app = new Hono().get('*', serveStatic({ root: folder, path: file }));
      return app.fetch(request);
    },
  };
}

/**
 * The path in the folder. Not served: what begins with a dot (`.env`, `.git`), save `.well-known`, and `node_modules`, since
 * the folder of a site without a build is its root; and what tells Netlify how to serve.
 */
function readPathname(pathname: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const segments = path.split('/').filter((segment) => segment !== '');
  const isHidden = (name: string) =>
    (name.startsWith('.') && name !== '.well-known') || name === 'node_modules';
  if (segments.some((name) => isHidden(name) || /[\\\0]/.test(name))) return undefined;
  if (['_redirects', '_headers', 'netlify.toml'].includes(segments.join('/'))) return undefined;
  return segments.join('/');
}

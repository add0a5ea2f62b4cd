import { proxy } from 'hono/proxy';
import { forward } from '../server/forward.ts';
import { openFiles } from './files.ts';
import { headersFor, type Match, matchRedirect } from './rules.ts';
import type { SiteConfig } from './siteConfig.ts';

export interface FrontendOptions {
  /** Read again at each request: it changes when `netlify.toml` does. */
  config: () => Pick<SiteConfig, 'publish' | 'redirects' | 'headers'>;
  /** The origin of a dev server that has the pages in place of the published folder. */
  target?: string | Promise<string> | undefined;
  /** Where visitors see the site through a tunnel: its origin. */
  publicUrl?: string | undefined;
  /** Calls a function by its name; undefined where there is none of that name. */
  callFunction?(name: string, request: Request, address: string | undefined): Promise<Response> | undefined;
}

/** What a site's visitors get where no function answers: pages, redirects, and 404. */
export type Frontend = (request: Request, address?: string) => Promise<Response>;

/**
 * Answers as Netlify does behind functions: a forced redirect first, then the file, then a redirect that is not forced, then
 * the site's own `404.html`; the site's header fields on whatever is a page.
 *
 * A dev server may have pages for any path, so it is asked before a redirect that leads to one of its own pages, or away
 * from the site; what it answers 404 is redirected. Rewrites to functions and to other servers hold before it is asked.
 */
export function createFrontend({ config, target, publicUrl, callFunction }: FrontendOptions): Frontend {
  async function page(request: Request, pathname: string): Promise<Response | undefined> {
    if (target !== undefined) return fromTarget(request, await target, publicUrl);
    const files = openFiles(config().publish);
    const file = await files.find(pathname);
    return file === undefined ? undefined : files.serve(request, file);
  }

  async function notFound(request: Request): Promise<Response> {
    const own = await openFiles(config().publish).serve(new Request(request.url), '404.html');
    const body = own.ok ? own.body : 'Not found\n';
    return new Response(request.method === 'HEAD' ? null : body, {
      status: 404,
      headers: own.ok ? own.headers : {},
    });
  }

  async function follow({ redirect, to }: Match, request: Request, address: string | undefined) {
    const { status } = redirect;
    if (status >= 300 && status < 400) return new Response(null, { status, headers: { location: to } });
    if (/^https?:\/\//.test(to)) {
      return proxy(to, request).catch(
        () => new Response(`${new URL(to).host} does not answer.\n`, { status: 502 }),
      );
    }
    const url = new URL(to, request.url);
    const name = functionOf(url.pathname);
    const called = name === undefined ? undefined : callFunction?.(name, request, address);
    if (called) return called;
    const rewritten = new Request(url, request);
    const found = await page(rewritten, url.pathname);
    if (!found) return notFound(request);
    return withHeaders(
      status === 200 ? found : new Response(found.body, { ...init(found), status }),
      request,
    );
  }

  function withHeaders(response: Response, { url }: Request): Response {
    const fields = headersFor(config().headers, new URL(url).pathname);
    if (fields.length === 0) return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of fields) headers.set(name, value);
    return new Response(response.body, { ...init(response), headers });
  }

  return async (request, address) => {
    const url = new URL(request.url);
    const match = matchRedirect(config().redirects, url);
    const isBeforeTarget =
      match?.redirect.status === 200 && (/^https?:/.test(match.to) || functionOf(match.to) !== undefined);
    if (match && (match.redirect.isForced || (target !== undefined && isBeforeTarget))) {
      return follow(match, request, address);
    }
    const found = await page(request, url.pathname);
    const isReadOnly = ['GET', 'HEAD'].includes(request.method);
    if (match && (found === undefined || (found.status === 404 && isReadOnly))) {
      await found?.body?.cancel();
      return follow(match, request, address);
    }
    return found ? withHeaders(found, request) : notFound(request);
  };
}

const init = ({ status, statusText, headers }: Response) => ({ status, statusText, headers });

const functionOf = (path: string) => /^\/\.netlify\/functions\/([\w-]+)/.exec(path)?.[1];

/**
 * A dev server answers for its own names alone: to it, a visitor from the tunnel is one of this machine. Any other `Host` it
 * judges itself.
 */
async function fromTarget(
  request: Request,
  target: string,
  publicUrl: string | undefined,
): Promise<Response> {
  const host = new URL(request.url).origin === publicUrl ? { host: new URL(target).host } : {};
  const answer = await forward(request, target, host);
  if (answer.type !== 'error') return answer;
  return new Response(`The dev server at ${target} does not answer.\n`, { status: 502 });
}

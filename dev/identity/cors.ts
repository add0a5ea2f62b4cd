import type { MiddlewareHandler } from 'hono';

const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const headers = ['accept', 'authorization', 'content-type', 'x-jwt-aud', 'x-use-cookie'];

/** Cross-origin answers as GoTrue gives them: to everyone. */
export const allowCrossOrigin: MiddlewareHandler = async (c, next) => {
  const method = c.req.header('access-control-request-method');
  if (c.req.method === 'OPTIONS' && method !== undefined) {
    return answerPreflight(
      c.req.header('origin'),
      method,
      c.req.header('access-control-request-headers') ?? '',
    );
  }
  await next();
  c.res.headers.set('vary', 'Origin');
  if (c.req.header('origin') === undefined) return;
  c.res.headers.set('access-control-allow-origin', '*');
  c.res.headers.set('access-control-allow-credentials', 'true');
  c.res.headers.set('access-control-expose-headers', 'Link, X-Total-Count');
};

function answerPreflight(origin: string | undefined, method: string, requested: string): Response {
  const answer = new Headers({
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  });
  const names = requested.split(',').map((name) => name.trim().toLowerCase());
  const allowed =
    methods.includes(method) && (requested === '' || names.every((name) => headers.includes(name)));
  if (origin !== undefined && allowed) {
    answer.set('access-control-allow-origin', '*');
    answer.set('access-control-allow-credentials', 'true');
    answer.set('access-control-allow-methods', method);
    if (requested !== '') answer.set('access-control-allow-headers', requested);
  }
  return new Response(null, { status: 204, headers: answer });
}

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { createUser, deleteUser, listUsers, showUser, updateUser } from './admin.ts';
import { answerError, answerJson, answerUnknownPath, answerWrongMethod, HttpError } from './answers.ts';
import { createTokenLimit, issueToken, logOut, showOwnUser, updateOwnUser } from './logIn.ts';
import type { Parts } from './options.ts';
import { invite, recover, signUp, verify } from './signUp.ts';

type Handler = (parts: Parts, c: Context) => Promise<Response>;

const routes: Record<string, Record<string, Handler>> = {
  '/settings': { GET: describeSettings },
  '/health': { GET: describeHealth },
  '/signup': { POST: signUp },
  '/token': { POST: issueToken },
  '/user': { GET: showOwnUser, PUT: updateOwnUser },
  '/logout': { POST: logOut },
  '/verify': { POST: verify },
  '/recover': { POST: recover },
  '/invite': { POST: invite },
  '/admin/users': { GET: listUsers, POST: createUser },
  '/admin/users/:id': { GET: showUser, PUT: updateUser, DELETE: deleteUser },
};

/** The app, for a server that mounts it at the root of its paths. */
export function createApp(parts: Parts, faults: Faults): Hono {
  const checkTokenLimit = createTokenLimit(parts.settings, parts.clock);
  const app = new Hono();
  app.use(allowCrossOrigin);
  app.use(applyFaults(faults));
  for (const [path, handlers] of Object.entries(routes)) {
    app.all(path, async (c) => {
      const handle = handlers[c.req.method];
      if (!handle) return answerWrongMethod(Object.keys(handlers));
      if (handle === issueToken) checkTokenLimit(c);
      return handle(parts, c);
    });
  }
  app.notFound(answerUnknownPath);
  app.onError((error, c) => {
    // A caller who disconnected gets no answer, even when called in the same process.
    if (c.req.raw.signal.aborted) throw error;
    return answerError(error, parts.clock.milliseconds());
  });
  return app;
}

/** `GET /settings` */
export async function describeSettings({ settings }: Parts): Promise<Response> {
  return answerJson({
    external: {
      bitbucket: false,
      github: false,
      gitlab: false,
      google: false,
      facebook: false,
      email: true,
      saml: false,
    },
    external_labels: {},
    disable_signup: settings.registration === 'closed',
    autoconfirm: settings.autoconfirm,
  });
}

/** `GET /health` */
export async function describeHealth(): Promise<Response> {
  return answerJson({
    description: 'GoTrue is a user registration and authentication API',
    name: 'GoTrue',
    version: '',
  });
}

/** What goes wrong on purpose; change it at any time. A path covers what lies below it. */
export interface Faults {
  /** Requests of these paths are never answered; nothing is done for them. */
  hangPaths: string[];
  /** Requests of these paths are answered with this status; nothing is done for them. */
  answer: Record<string, number>;
}

export function applyFaults(faults: Faults): MiddlewareHandler {
  return async (c, next) => {
    const covers = (fault: string) => c.req.path === fault || c.req.path.startsWith(`${fault}/`);
    if (faults.hangPaths.some(covers)) return untilAborted(c.req.raw.signal);
    const [, status] = Object.entries(faults.answer).find(([path]) => covers(path)) ?? [];
    if (status !== undefined) throw new HttpError(status, 'A fault on purpose');
    return next();
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

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

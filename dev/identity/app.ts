import { type Context, Hono } from 'hono';
import { answerError, answerUnknownPath, answerWrongMethod } from './answers.ts';
import { allowCrossOrigin } from './cors.ts';
import { describeHealth, describeSettings } from './describeServer.ts';
import { applyFaults, type Faults } from './faults.ts';
import { invite } from './invite.ts';
import { issueToken } from './issueToken.ts';
import { listUsers } from './listUsers.ts';
import { logOut } from './logOut.ts';
import { createUser, deleteUser, showUser, updateUser } from './manageUser.ts';
import { showOwnUser, updateOwnUser } from './ownUser.ts';
import type { Parts } from './parts.ts';
import { recover } from './recover.ts';
import { signUp } from './signUp.ts';
import { createTokenLimit } from './tokenLimit.ts';
import { verify } from './verify.ts';

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
    // Whoever hung up gets no answer, also when called in the same process.
    if (c.req.raw.signal.aborted) throw error;
    return answerError(error, parts.clock.milliseconds());
  });
  return app;
}

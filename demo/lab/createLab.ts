import { Hono } from 'hono';
import type { CallerEnv } from '../../src/http/caller.ts';
import { requireMethod } from '../../src/http/method.ts';
import { problemResponse, toDaypassError } from '../../src/http/problem.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { statsPath, sweepPath } from '../../src/protocol/paths.ts';
import type { StackChanges } from '../stack/control.ts';
import { callBroker } from './callBroker.ts';
import { countUsers } from './countUsers.ts';
import type { LabDependencies } from './dependencies.ts';
import { forgeries, forgeToken } from './forgeToken.ts';
import { createMember, deleteMember } from './members.ts';
import { onlyHere } from './onlyHere.ts';

/**
 * What the demo page's attack lab cannot do by itself, as a Hono app. It answers this machine alone; a deployed
 * site has none of it, and its page hides what depends on it.
 *
 * | request | answer |
 * |---|---|
 * | `GET /dev` | `{ forgeries }`: the lab is there |
 * | `GET /dev/users` | `{ throwaway, members }`: how many users Identity holds |
 * | `GET /dev/forgeries/{forgery}` | `{ token }` |
 * | `POST /dev/members` | `{ id, email, identityToken }`: a member, logged in |
 * | `DELETE /dev/members/{id}` | 204; deletes members made here and no other |
 * | `GET /dev/stack` | `StackState`: what of the stack can be switched, and how it stands |
 * | `PUT /dev/stack` | `StackState` after the `StackChanges` of the body |
 * | `POST /dev/kill` | 204; the next exchange dies after its claim |
 * | `POST /dev/sweep` | what the broker's sweep answers; killed exchanges' users are made 20 minutes old first |
 * | `GET /dev/stats` | what the broker tells the site's owner |
 */
export function createLab(lab: LabDependencies): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.use(onlyHere);
  app.use(async (c, next) => {
    await next();
    c.res.headers.set('cache-control', 'no-store');
  });

  app.all('/dev', (c) => {
    requireMethod(c.req.raw, ['GET']);
    return c.json({ forgeries });
  });

  app.all('/dev/users', async (c) => {
    requireMethod(c.req.raw, ['GET']);
    return c.json(await countUsers(lab));
  });

  app.all('/dev/forgeries/:forgery', async (c) => {
    requireMethod(c.req.raw, ['GET']);
    const forgery = forgeries.find((known) => known === c.req.param('forgery'));
    if (forgery === undefined) throw new DaypassError('not_found');
    return c.json({ token: await forgeToken(lab, forgery) });
  });

  app.all('/dev/members', async (c) => {
    requireMethod(c.req.raw, ['POST']);
    return c.json(await createMember(lab), 201);
  });

  app.all('/dev/members/:id', async (c) => {
    requireMethod(c.req.raw, ['DELETE']);
    await deleteMember(lab, c.req.param('id'));
    return c.body(null, 204);
  });

  app.all('/dev/stack', async (c) => {
    requireMethod(c.req.raw, ['GET', 'PUT']);
    if (c.req.method === 'PUT') lab.stack.change(await readChanges(c.req.raw));
    return c.json({ ...lab.stack.state(), identity: await lab.describeIdentity() });
  });

  app.all('/dev/kill', (c) => {
    requireMethod(c.req.raw, ['POST']);
    lab.stack.armKill();
    return c.body(null, 204);
  });

  app.all('/dev/sweep', (c) => {
    requireMethod(c.req.raw, ['POST']);
    lab.stack.ageOrphans();
    return callBroker(lab, 'POST', sweepPath);
  });

  app.all('/dev/stats', (c) => {
    requireMethod(c.req.raw, ['GET']);
    return callBroker(lab, 'GET', statsPath);
  });

  app.notFound(() => problemResponse(new DaypassError('not_found')));
  app.onError((thrown) => problemResponse(toDaypassError(thrown, lab.log)));
  return app;
}

async function readChanges(request: Request): Promise<StackChanges> {
  const changes: unknown = await request.json().catch(() => undefined);
  if (typeof changes === 'object' && changes !== null && !Array.isArray(changes)) return changes;
  throw new DaypassError('malformed_request', { detail: 'Send the changes as a JSON object.' });
}

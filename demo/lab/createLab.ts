import { Hono } from 'hono';
import type { SiteUrls } from '../../dev/server/parts.ts';
import type { DevSettings } from '../../dev/server/settings.ts';
import { requireMethod } from '../../src/http/brokerApp.ts';
import type { CallerEnv } from '../../src/http/context.ts';
import { problemResponse, toDaypassError } from '../../src/http/problem.ts';
import { isThrowaway } from '../../src/identity/throwaway.ts';
import { nowSeconds } from '../../src/netlify/platform.ts';
import type { Policy } from '../../src/policy/types.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import type { Log } from '../../src/protocol/log.ts';
import { identityPath, statsPath, sweepPath } from '../../src/protocol/wire.ts';
import type { StackChanges, StackControl } from '../stack/control.ts';
import type { IdentityWatch } from '../stack/watchIdentity.ts';
import { callBroker, callIdentity, createMember, deleteMember, readAnswer } from './calls.ts';
import type { LabDependencies } from './dependencies.ts';
import { forgeries, forgeToken } from './forgeToken.ts';
import type { LimitsWatch } from './limits.ts';
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
 * | `POST /dev/kill` | 204; the next exchange dies after its reservation |
 * | `POST /dev/sweep` | what the broker's sweep answers; killed exchanges' users are made 20 minutes old first |
 * | `GET /dev/limits` | `LimitsState`: what the gate has leased of a ceiling, and how often it asked Redis |
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
    if (c.req.method === 'PUT') await lab.stack.change(await readChanges(c.req.raw));
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

  app.all('/dev/limits', async (c) => {
    requireMethod(c.req.raw, ['GET']);
    return c.json(await lab.limits.state());
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

/** The lab of a dev server, with the secrets of its stack. */
export function createDevLab(
  settings: DevSettings,
  policy: Policy,
  secrets: Pick<LabDependencies, 'operatorToken' | 'maintenanceBearer'>,
  { url, publicUrl }: SiteUrls,
  stack: StackControl,
  limits: LimitsWatch,
  identity: IdentityWatch,
  log: Log,
): Hono<CallerEnv> {
  const audience = policy.defaultAudience;
  return createLab({
    identityUrl: settings.identity?.url ?? url + identityPath,
    ...secrets,
    secret: settings.secrets[policy.audiences[audience]?.secretVariable ?? ''] ?? '',
    issuer: policy.issuer ?? publicUrl,
    audience,
    scopes: policy.audiences[audience]?.scopes ?? [],
    emailDomain: policy.throwaway.emailDomain,
    siteUrl: url,
    stack,
    limits,
    describeIdentity: identity.state,
    deployContext: 'dev',
    log,
    now: nowSeconds,
  });
}

export interface UserCount {
  /** Users that an exchange has not taken yet. */
  throwaway: number;
  /** Everybody else; no one may ever touch them. */
  members: number;
}

/** A throwaway user, admitted or not: the stack may have got or lost its admission since the sign-up. */
function isOurs(user: unknown, emailDomain: string, audience: string): boolean {
  return [true, false].some((admission) => isThrowaway(user, { emailDomain, admission, audience }));
}

/**
 * Counts the users that Identity holds at this moment.
 * @throws {DaypassError} `identity_unavailable`
 */
export async function countUsers(lab: LabDependencies): Promise<UserCount> {
  const count: UserCount = { throwaway: 0, members: 0 };
  let perPage = 1000;
  for (let page = 1; ; page += 1) {
    const path = `/admin/users?page=${page}&per_page=${perPage}`;
    const response = await callIdentity(lab, 'GET', path, { admin: true });
    const { users, aud } = await readAnswer<{ users: unknown[]; aud: string }>(response);
    for (const user of users) count[isOurs(user, lab.emailDomain, aud) ? 'throwaway' : 'members'] += 1;
    if (users.length === 0) return count;
    // A server may cap its pages: the next ones are of the size that it gives.
    if (page === 1) perPage = users.length;
  }
}

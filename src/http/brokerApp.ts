import { type Context, Hono } from 'hono';
import type { BrokerDependencies } from '../broker/dependencies.ts';
import { exchange } from '../broker/exchange.ts';
import { authenticateBackend, introspect } from '../broker/introspect.ts';
import { limitAddress, unlessStoreIsAway } from '../broker/limits.ts';
import { metadata } from '../broker/metadata.ts';
import { isShortForm, readForm, readTokenRequest } from '../broker/request.ts';
import { requireMaintenance } from '../broker/requireSecret.ts';
import { renew, revoke } from '../broker/session.ts';
import { checkStatus } from '../broker/status.ts';
import { createOpportunisticSweep, sweep } from '../broker/sweep/sweep.ts';
import { readSweepRequest } from '../broker/sweep/sweepRequest.ts';
import { hashBuckets } from '../limits/address.ts';
import type { StatusResponse } from '../protocol/causes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { ChallengeResponse, StatsResponse } from '../protocol/messages.ts';
import {
  challengePath,
  introspectPath,
  metadataPath,
  revokePath,
  statsPath,
  statusPath,
  sweepPath,
  tokenPath,
} from '../protocol/wire.ts';
import { type CallerEnv, callerOf, identifyRequest, logOf } from './context.ts';
import { allowOrigins, checkOrigin } from './origins.ts';
import { answerRefusal, problemResponse, toDaypassError, tokenErrorResponse } from './problem.ts';
import { statusAnswer } from './statusPage.ts';

const statusCacheSeconds = 10;
const metadataCacheSeconds = 60;

/** A synchronous function of Netlify's has 10 seconds, and deletions under way get one more. */
const sweepBudgetSeconds = 8;

/** The broker as a Hono app: reads a request, calls its use case in `src/broker`, answers. */
export function createBrokerApp(broker: BrokerDependencies, log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  const { origins } = broker.policy;
  const rule = { origins, deployContext: broker.deployContext };
  const sweepOpportunistically = createOpportunisticSweep(broker, log);
  const bucketsOf = (c: Context<CallerEnv>) =>
    hashBuckets(broker.privateKeys.hashIdentifier, callerOf(c).address);
  let lastStatus: { answer: Promise<StatusResponse>; at: number } | undefined;

  app.use(identifyRequest);
  // Outermost, so that preflights have it too.
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  });
  app.use(allowOrigins(origins, ['GET', 'POST']));

  app.all(tokenPath, async (c) => {
    const request = c.req.raw;
    try {
      requireMethod(request, ['GET', 'POST']);
      checkOrigin(request, rule);
      const tokenRequest = await readTokenRequest(request, broker.bodies);
      const isExchange = tokenRequest.kind === 'exchange';
      const answer = isExchange
        ? await exchange(broker, tokenRequest, await bucketsOf(c))
        : await renew(broker, tokenRequest);
      logOf(c, log)(tokenRequest.kind);
      if (isExchange)
        c.env?.waitUntil?.(sweepOpportunistically().catch((thrown) => toDaypassError(thrown, logOf(c, log))));
      return c.json(answer);
    } catch (thrown) {
      return answerRefusal(thrown, logOf(c, log), (error) => {
        const isBearer = error.code === 'token_missing' || isShortForm(request);
        return tokenErrorResponse(error, isBearer ? 'bearer' : 'form');
      });
    }
  });

  app.all(revokePath, async (c) => {
    requireMethod(c.req.raw, ['POST']);
    checkOrigin(c.req.raw, rule);
    await limitAddress(broker, 'revoke', await bucketsOf(c));
    await revoke(broker, await readForm(c.req.raw, broker.bodies));
    return c.body(null, 200);
  });

  app.all(introspectPath, async (c) => {
    requireMethod(c.req.raw, ['POST']);
    const authorization = c.req.header('authorization') ?? null;
    const keyRing = await authenticateBackend(broker, authorization, await bucketsOf(c));
    return c.json(await introspect(broker, keyRing, await readForm(c.req.raw, broker.bodies)));
  });

  app.all(challengePath, async (c) => {
    requireMethod(c.req.raw, ['GET', 'HEAD']);
    checkOrigin(c.req.raw, rule);
    await limitAddress(broker, 'challenge', await bucketsOf(c));
    const answer: ChallengeResponse = (await broker.proofMethod?.challenge()) ?? { proof: 'none' };
    return c.json(answer);
  });

  app.all(metadataPath, async (c) => {
    requireMethod(c.req.raw, ['GET', 'HEAD']);
    // Private: a cache that many share need not heed `Vary`, and CORS fields differ by origin.
    return c.json(await metadata(broker, new URL(c.req.url).origin), 200, {
      'cache-control': `private, max-age=${metadataCacheSeconds}`,
    });
  });

  app.all(sweepPath, async (c) => {
    const request = c.req.raw;
    requireMethod(request, ['POST']);
    await requireMaintenance(broker, request.headers, await bucketsOf(c));
    const sweepRequest = await readSweepRequest(request, broker.bodies);
    return c.json(await sweep(broker, { ...sweepRequest, budgetSeconds: sweepBudgetSeconds }, logOf(c, log)));
  });

  app.all(statsPath, async (c) => {
    requireMethod(c.req.raw, ['GET', 'HEAD']);
    await requireMaintenance(broker, c.req.raw.headers, await bucketsOf(c));
    const answer: StatsResponse = { mode: broker.policy.mode, counts: await broker.readStats() };
    return c.json(answer);
  });

  app.all(statusPath, async (c) => {
    requireMethod(c.req.raw, ['GET', 'HEAD']);
    // Limited, but when Redis is away the status must still be able to say so.
    await unlessStoreIsAway(limitAddress(broker, 'status', await bucketsOf(c)));
    const now = broker.now();
    // One of the future was made before the clock was set back.
    if (!lastStatus || lastStatus.at > now || now - lastStatus.at >= statusCacheSeconds)
      lastStatus = { answer: checkStatus(broker), at: now };
    return statusAnswer(c, { ...(await lastStatus.answer), time: now });
  });

  app.notFound(() => problemResponse(new DaypassError('not_found')));
  app.onError((thrown, c) => answerRefusal(thrown, logOf(c, log)));
  return app;
}

/**
 * Refuses methods that an endpoint does not have. HEAD must be listed: Hono would answer it like GET.
 * @throws {DaypassError} `method_not_allowed`, with the `Allow` of RFC 9110 §10.2.1
 */
export function requireMethod(request: Request, allowed: readonly string[]): void {
  if (allowed.includes(request.method)) return;
  throw new DaypassError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
}

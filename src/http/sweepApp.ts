import { Hono } from 'hono';
import { sweep } from '../broker/sweep/sweep.ts';
import type { SweepDependencies } from '../broker/sweep/sweepRun.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { SweepResponse } from '../protocol/messages.ts';
import { sweepPath } from '../protocol/wire.ts';
import type { SweepCursor } from '../store/sweepCursor.ts';
import { type CallerEnv, identifyRequest, logOf } from './context.ts';
import { problemResponse, toDaypassError } from './problem.ts';

/** A scheduled function of Netlify's has 30 seconds, and deletions under way get one more. */
const budgetSeconds = 25;

/**
 * The scheduled sweep as a Hono app. A call starts what is due anyway, one run at a time, and the answer is empty: the totals
 * are in the log. If a run fails, the answer carries its code.
 */
export function createSweepApp(broker: SweepDependencies, cursor: SweepCursor, log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  let running: Promise<void> | undefined;

  app.use(identifyRequest);
  app.all('*', async (c) => {
    running ??= sweepOn(broker, cursor, logOf(c, log)).finally(() => {
      running = undefined;
    });
    await running;
    return c.body(null, 204, { 'cache-control': 'no-store' });
  });

  app.onError((thrown, c) => {
    const error = toDaypassError(thrown, logOf(c, log));
    if (error.code === 'identity_context_missing') {
      const remedy = `Call POST ${sweepPath} with the maintenance bearer from a cron of your own.`;
      logOf(c, log)('identity_context_missing', { remedy });
    }
    return problemResponse(error);
  });
  return app;
}

/** Continues where the last run ended; without Redis, from the beginning. */
async function sweepOn(broker: SweepDependencies, cursor: SweepCursor, log: Log): Promise<void> {
  const forgotten = (error: unknown) => {
    log('sweep_cursor_lost', { code: toDaypassError(error, log).code });
    return undefined;
  };
  const saved = await cursor.load().catch(forgotten);
  const run = (from: string | undefined): Promise<SweepResponse> =>
    sweep(broker, { cursor: from, budgetSeconds }, log);
  const answer = await run(saved).catch((error) => {
    if (!(error instanceof DaypassError) || error.code !== 'malformed_request') throw error;
    forgotten(error);
    return run(undefined);
  });
  await cursor.save(answer.cursor).catch(forgotten);
}

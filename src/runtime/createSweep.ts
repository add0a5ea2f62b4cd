import { createSweepApp } from '../http/sweepApp.ts';
import { requirePolicy } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import { createHandler, type NetlifyHandler } from './handler.ts';
import { logLine } from './log.ts';
import { operatorTokenOfCall } from './platform.ts';
import { wireBroker, wireSweepCursor } from './wire.ts';

/**
 * The sweep as a scheduled Netlify function: deletes throwaway users that were never exchanged, for at most 26 seconds a
 * run, and goes on at the next. Where the platform gives scheduled functions no Identity context, it says so in the log
 * and answers 500: call `POST /session/sweep` from a cron of your own.
 * @param policy made by `definePolicy`
 * @returns the function's default export; give it `config = { schedule: '@hourly' }`
 * @throws {ConfigurationError} a TypeError: the policy is none of `definePolicy`
 */
export function createSweep(policy: Policy): NetlifyHandler {
  requirePolicy('createSweep', policy);
  return createHandler(policy, (environment, place) => {
    const operatorToken = () => environment.identityOperatorToken ?? operatorTokenOfCall();
    const broker = wireBroker(policy, environment, place, operatorToken);
    return createSweepApp(broker, wireSweepCursor(environment), logLine);
  });
}

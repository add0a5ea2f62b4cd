import { createBrokerApp } from '../http/brokerApp.ts';
import { createSweepApp } from '../http/sweepApp.ts';
import { requirePolicy } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import type { Environment } from './environment.ts';
import { createHandler, type NetlifyHandler, type PolicySource } from './handler.ts';
import { logLine, operatorTokenOfCall } from './platform.ts';
import { wireBroker, wireSweepCursor } from './wire.ts';

/**
 * The broker as a Netlify function: exchanges, renews, revokes.
 * @param policy made by `definePolicy`; or what loads its file, `() => import(…)`, so that `/session/status` reports a faulty policy
 * @returns the function's default export; serve it at `/session/*` and `/.well-known/oauth-authorization-server`
 * @throws {ConfigurationError} a TypeError: `policy` was not created by `definePolicy`
 */
export function createBroker(policy: PolicySource): NetlifyHandler {
  if (typeof policy !== 'function') requirePolicy('createBroker', policy);
  return createHandler(policy, (environment, deployInfo, checked) =>
    createBrokerApp(wireBroker(checked, environment, deployInfo, operatorTokenOf(environment)), logLine),
  );
}

/**
 * The sweep as a scheduled Netlify function: deletes throwaway users that were never exchanged, for at most 26 seconds a
 * run, and goes on at the next. Where the platform gives scheduled functions no Identity context, it says so in the log
 * and answers 500: call `POST /session/sweep` from a cron of your own.
 * @param policy made by `definePolicy`
 * @returns the function's default export; give it `config = { schedule: '@hourly' }`
 * @throws {ConfigurationError} a TypeError: `policy` was not created by `definePolicy`
 */
export function createSweep(policy: Policy): NetlifyHandler {
  requirePolicy('createSweep', policy);
  return createHandler(policy, (environment, deployInfo) => {
    const broker = wireBroker(policy, environment, deployInfo, operatorTokenOf(environment));
    return createSweepApp(broker, wireSweepCursor(environment), logLine);
  });
}

/** Netlify's token is good at Netlify's Identity; a GoTrue of one's own has its own. */
function operatorTokenOf({ identityOperatorToken }: Environment): () => string | undefined {
  return () => identityOperatorToken ?? operatorTokenOfCall();
}

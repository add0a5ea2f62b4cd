import { createBrokerApp } from '../http/brokerApp.ts';
import { requirePolicy } from '../policy/define.ts';
import { createHandler, type NetlifyHandler, type PolicySource } from './handler.ts';
import { logLine } from './log.ts';
import { operatorTokenOfCall } from './platform.ts';
import { wireBroker } from './wire.ts';

/**
 * The broker as a Netlify function: exchanges, renews, revokes.
 * @param policy made by `definePolicy`; or what loads its file, `() => import(…)`, so that a policy at fault is told by `/session/status`
 * @returns the function's default export; serve it at `/session/*` and `/.well-known/oauth-authorization-server`
 * @throws {ConfigurationError} a TypeError: the policy is none of `definePolicy`
 */
export function createBroker(policy: PolicySource): NetlifyHandler {
  if (typeof policy !== 'function') requirePolicy('createBroker', policy);
  return createHandler(policy, (environment, place, checked) =>
    createBrokerApp(
      // Netlify's token is good at Netlify's Identity; a GoTrue of one's own has its own.
      wireBroker(
        checked,
        environment,
        place,
        () => environment.identityOperatorToken ?? operatorTokenOfCall(),
      ),
      logLine,
    ),
  );
}

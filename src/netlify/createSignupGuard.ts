import { createLocalGuard } from '../guard/guard.ts';
import { createGuardApp } from '../http/guardApp.ts';
import { requirePolicy } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import { createHandler } from './handler.ts';
import type { EdgeContext } from './platform.ts';
import { logLine } from './platform.ts';
import { wireGuard } from './wire.ts';

/** The signature of an edge function that can send its request on. */
export type NetlifyEdgeHandler = (request: Request, context: EdgeContext) => Promise<Response>;

/**
 * The sign-up guard as a Netlify edge function: limits sign-ups and log-ins at Identity per IP address, and refuses requests
 * that no page of the site sends there. After a fault of its own it logs `internal_error` and lets the request go on to
 * Identity; where Redis or the count fails, each instance counts in its memory.
 * @param policy made by `definePolicy`; its limits `signup` and `login` apply
 * @returns the edge function's default export. Serve it at `/.netlify/identity/*` with `onError: 'bypass'`, so that Identity
 * answers even if the guard fails
 * @throws {ConfigurationError} a TypeError: a policy that `definePolicy` did not make
 * @example
 * ```ts
 * // netlify/edge-functions/guard.ts
 * import { createSignupGuard } from 'daypass/netlify';
 * import policy from '../../daypass.config.ts';
 *
 * export default createSignupGuard(policy);
 *
 * export const config = { path: '/.netlify/identity/*', onError: 'bypass' };
 * ```
 */
export function createSignupGuard(policy: Policy): NetlifyEdgeHandler {
  requirePolicy('createSignupGuard', policy);
  const contexts = new WeakMap<Request, EdgeContext>();
  const next = (request: Request) =>
    (contexts.get(request) as EdgeContext).next({ sendConditionalRequest: true });
  const handle = createHandler(
    policy,
    (environment) => createGuardApp(wireGuard(policy, environment, logLine), next, logLine),
    (problems, log) => {
      for (const problem of problems) log('not_configured', { problem, part: 'guard' });
      return createGuardApp(
        createLocalGuard(policy, log, () => Date.now()),
        next,
        log,
      );
    },
  );
  return (request, context) => {
    contexts.set(request, context);
    return handle(request, context);
  };
}

import type { Guard } from '../guard/guard.ts';
import { createGuardApp } from '../http/guardApp.ts';
import type { Policy } from '../policy/types.ts';
import { createHandler } from './handler.ts';
import { logLine } from './log.ts';
import type { EdgeContext } from './platform.ts';
import { wireGuard } from './wire.ts';

/** For a site whose configuration is at fault: its members are not the ones to suffer. */
const passEverybody: Guard = async () => undefined;

/**
 * The sign-up guard as a Netlify edge function: limits sign-ups and log-ins at Identity by address, and refuses what no
 * page of the site sends there.
 * @param policy made by `definePolicy`; its limits `signup` and `login` say how many pass
 * @returns the edge function's default export; serve it at `/.netlify/identity/*`, with `onError: 'bypass'`, so that
 * Identity answers whatever becomes of the guard
 */
export function createSignupGuard(
  policy: Policy,
): (request: Request, context: EdgeContext) => Promise<Response> {
  const contexts = new WeakMap<Request, EdgeContext>();
  const next = (request: Request) =>
    (contexts.get(request) as EdgeContext).next({ sendConditionalRequest: true });
  const handle = createHandler(
    policy,
    (environment) => createGuardApp(wireGuard(policy, environment, logLine), next, logLine),
    (problems, log) => {
      for (const problem of problems) log('not_configured', { problem, part: 'guard' });
      return createGuardApp(passEverybody, next, log);
    },
  );
  return (request, context) => {
    contexts.set(request, context);
    return handle(request, context);
  };
}

import { createGateApp } from '../http/gateApp.ts';
import { requirePolicy } from '../policy/mark.ts';
import type { Policy } from '../policy/types.ts';
import { createHandler, type NetlifyHandler } from './handler.ts';
import { logLine } from './log.ts';
import { wireGate } from './wire.ts';

/**
 * The gate as a Netlify edge function: verifies, limits, proxies to the upstream.
 * @param policy made by `definePolicy`; its `routes` say what goes where
 * @returns the edge function's default export; serve it where the routes are, such as `/api/*`
 * @throws {ConfigurationError} a TypeError: the policy is none of `definePolicy`
 */
export function createGate(policy: Policy): NetlifyHandler {
  requirePolicy('createGate', policy);
  return createHandler(policy, (environment, place) =>
    createGateApp(
      wireGate(policy, environment, place, logLine),
      { ...policy, deployContext: place.deployContext },
      logLine,
    ),
  );
}

import { createGateApp } from '../http/gateApp.ts';
import { requirePolicy } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { createHandler, type NetlifyHandler } from './handler.ts';
import { logLine } from './platform.ts';
import { type FieldDropped, wireGate } from './wire.ts';

/**
 * The gate as a Netlify edge function: verifies, limits, proxies to the upstream.
 * @param policy made by `definePolicy`; its `routes` say what goes where
 * @returns the edge function's default export; serve it where the routes are, such as `/api/*`
 * @throws {ConfigurationError} a TypeError: `policy` was not created by `definePolicy`
 */
export function createGate(policy: Policy): NetlifyHandler {
  requirePolicy('createGate', policy);
  return createHandler(policy, (environment, deployInfo) =>
    createGateApp(
      wireGate(
        policy,
        environment,
        deployInfo,
        logLine,
        {},
        deployInfo.deployContext === 'dev' ? reportFields(logLine) : undefined,
      ),
      { ...policy, deployContext: deployInfo.deployContext },
      logLine,
    ),
  );
}

/** Names that a caller makes up must not fill the memory. */
const maxReported = 100;

/**
 * On a developer's machine: reports each request field that the gate drops once, by its name. Pages are written without
 * reading the gate's list.
 */
function reportFields(log: Log): FieldDropped {
  const reported = new Set<string>();
  return (field, reason) => {
    // The platform's own are no page's.
    const isOwn = /^x-(nf|forwarded)-/.test(field);
    if (isOwn || reported.has(field) || reported.size === maxReported) return;
    reported.add(field);
    log('request_field_dropped', { field, reason });
  };
}

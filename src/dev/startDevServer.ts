import { createBrokerApp } from '../http/brokerApp.ts';
import { createGateApp } from '../http/gateApp.ts';
import { createProtectedApp } from '../http/protectedApp.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { readEnvironment } from '../runtime/environment.ts';
import { wireAuthorization, wireBroker, wireGate } from '../runtime/wire.ts';
import { createDevSite } from './createDevSite.ts';
import { createDevLab } from './lab/createDevLab.ts';
import type { DevPartsOptions } from './parts.ts';
import type { DevSettings } from './settings.ts';
import { type DevServer, startSite } from './startSite.ts';

export type { DevServer } from './startSite.ts';

/**
 * Runs the whole of Daypass in this process: site, Identity, broker, gate and upstream, routed as the platform does,
 * with state that lasts between requests.
 * @throws {ConfigurationError} a TypeError: policy or settings are at fault
 * @throws {Error} the port is in use
 */
export function startDevServer(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions & { log?: Log } = {},
): Promise<DevServer> {
  const { log = () => undefined } = options;
  return startSite(settings, policy, options, async (parts, url) => {
    const environment = await readEnvironment(policy, (name) => parts.environment[name]);
    const place = { issuer: policy.issuer ?? url, deployContext: 'dev' } as const;
    const broker = wireBroker(policy, environment, place, () => parts.operatorToken);
    const authorization = wireAuthorization(policy, environment, place, log);
    const requirement = { audience: policy.defaultAudience, scope: undefined };
    const site = await createDevSite({
      identity: parts.serveIdentity,
      broker: createBrokerApp(broker, log),
      gate: createGateApp(wireGate(policy, environment, place, log), policy.origins, log),
      // As netlify/functions/hello.ts.
      hello: createProtectedApp(
        authorization,
        requirement,
        (_, { subject }) => Response.json({ hello: subject }),
        log,
      ),
      lab: createDevLab(settings, policy, parts, url, log),
    });
    return { fetch: (request, clientAddress) => site.fetch(request, { clientAddress }) };
  });
}

import { readSubscriptions } from '../dev/events/readSubscriptions.ts';
import { type DevIdentityOptions, eventNames } from '../dev/identity/options.ts';
import type { DevPartsOptions } from '../dev/server/parts.ts';
import type { DevSettings } from '../dev/server/settings.ts';
import { type DevServer, startSite } from '../dev/server/start.ts';
import type { Policy } from '../src/policy/types.ts';
import { type NetlifyEmulator, startNetlifyEmulator } from '../test/harness/netlify/start.ts';
import { createDevSite } from './createDevSite.ts';
import { createDevLab } from './lab/createLab.ts';
import { watchLimits } from './lab/limits.ts';
import { createStackControl } from './stack/control.ts';
import { watchIdentity } from './stack/watchIdentity.ts';

/** The emulator starts a worker for each event, which takes long on a busy machine. */
const eventTimeoutSeconds = 20;

/**
 * Runs the same parts under Netlify's own emulator: functions in Node, the gate in Deno, through the entry files that are
 * deployed. It proves the wiring; nothing lasts between requests, so no load goes here.
 * @throws {Error} the port is in use, or the emulator lacks something
 */
export async function startNetlifyDemo(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions & { projectRoot: string },
): Promise<DevServer> {
  const { projectRoot } = options;
  let emulator: NetlifyEmulator | undefined;
  const identity: DevIdentityOptions = {
    eventTimeoutSeconds,
    events: {
      names: await subscribedEvents(projectRoot),
      target: (request) => (emulator as NetlifyEmulator).dispatchEvent(request),
    },
    ...options.identity,
  };
  return startSite(settings, policy, { ...options, identity }, async (parts, urls) => {
    const { url } = urls;
    const stack = createStackControl({ policy, redis: parts.redis });
    const asks = identity.events?.names?.includes('validate') ?? false;
    const watch = watchIdentity(settings, asks);
    const { UPSTASH_REDIS_REST_URL: restUrl = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = parts.environment;
    const restApi = { url: restUrl, token };
    const limits = watchLimits({ policy, restApi, redis: parts.redis, log: () => undefined });
    const lab = createDevLab(settings, policy, parts, urls, stack, limits, watch, () => undefined);
    const site = await createDevSite({ identity: parts.serveIdentity, lab });
    const running = await startNetlifyEmulator({
      projectRoot,
      origin: url,
      environment: parts.environment,
      identityContext: () => ({ url: `${url}/.netlify/identity`, token: parts.operatorToken }),
      next: (request, clientAddress) => site.fetch(request, { clientAddress }),
    });
    emulator = running;
    return {
      fetch: (request, clientAddress) => running.handle(request, clientAddress ?? ''),
      close: () => running.close(),
    };
  });
}

/** The events that Netlify would call the site's `identity` function for; none where there is no such function. */
async function subscribedEvents(projectRoot: string) {
  const subscriptions = await readSubscriptions(projectRoot, 'identity').catch((): string[] => []);
  return eventNames.filter((name) => subscriptions.includes(`identity_${name}`));
}

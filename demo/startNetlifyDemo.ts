import { readSubscriptions } from '../dev/events/readSubscriptions.ts';
import { createFrontend } from '../dev/frontend/frontend.ts';
import { readSiteConfig } from '../dev/frontend/siteConfig.ts';
import { eventNames } from '../dev/identity/options.ts';
import { identityPath } from '../dev/server/parts.ts';
import type { DevSettings } from '../dev/server/settings.ts';
import { type RunningSite, startSite } from '../dev/server/site.ts';
import type { Policy } from '../src/policy/types.ts';
import { startNetlifyEmulator } from '../test/harness/netlify/start.ts';
import { createDevLab } from './lab/createLab.ts';
import { watchLimits } from './lab/limits.ts';
import { startSampleApi } from './sampleApi.ts';
import { createStackControl } from './stack/control.ts';
import { watchIdentity } from './stack/watchIdentity.ts';
import { checkSettings, type DemoOptions, restApiOf, verifierOf } from './startDemo.ts';

/** The emulator starts a worker for each event, which takes long on a busy machine. */
const eventTimeoutSeconds = 20;

/**
 * Runs the demo under Netlify's own emulator: functions in Node, the gate in Deno, through the entry files that are deployed.
 * It proves the wiring; nothing lasts between requests, so no load goes here.
 * @throws {Error} the port is in use, or the emulator lacks something
 */
export async function startNetlifyDemo(
  settings: DevSettings,
  policy: Policy,
  options: DemoOptions & { projectRoot: string },
): Promise<RunningSite> {
  const { projectRoot, startApi = startSampleApi, identity = {} } = options;
  const maintenanceBearer = await checkSettings(settings, policy);
  const names = await subscribedEvents(projectRoot);
  const parts = {
    ...(options.redisBackend && { redisBackend: options.redisBackend }),
    identity: { eventTimeoutSeconds, ...identity },
    startUpstream: ({ publicUrl }: { publicUrl: string }) =>
      startApi(verifierOf(settings, policy, publicUrl)),
  };
  return startSite(
    settings,
    policy,
    parts,
    async ({ environment, operatorToken, redis, serveIdentity }, urls) => {
      const stack = createStackControl({ policy, redis });
      const watch = watchIdentity(settings, names.includes('validate'));
      const secrets = { operatorToken, maintenanceBearer };
      const limits = watchLimits({ policy, restApi: restApiOf(environment), redis, log: () => undefined });
      const lab = createDevLab(settings, policy, secrets, urls, stack, limits, watch, () => undefined);
      const siteConfig = readSiteConfig(projectRoot);
      const frontend = createFrontend({ config: () => siteConfig });
      const emulator = await startNetlifyEmulator({
        projectRoot,
        origin: urls.url,
        environment,
        identityContext: () => ({ url: urls.url + identityPath, token: operatorToken }),
        next: (request, clientAddress) => {
          const { pathname } = new URL(request.url);
          if (pathname.startsWith(`${identityPath}/`)) return serveIdentity(request);
          if (/^\/dev(\/|$)/.test(pathname)) return lab.fetch(request, { clientAddress });
          return frontend(request);
        },
      });
      return {
        events: { names, target: (request) => emulator.dispatchEvent(request) },
        fetch: (request, clientAddress) => emulator.handle(request, clientAddress ?? ''),
        close: () => emulator.close(),
      };
    },
  );
}

/** The events that Netlify would call the site's `identity` function for; none where there is no such function. */
async function subscribedEvents(projectRoot: string) {
  const subscriptions = await readSubscriptions(projectRoot, 'identity').catch((): string[] => []);
  return eventNames.filter((name) => subscriptions.includes(`identity_${name}`));
}

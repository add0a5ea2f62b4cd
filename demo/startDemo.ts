import { receiveEvent } from '../dev/events/receive.ts';
import type { DevIdentityOptions } from '../dev/identity/options.ts';
import type { DevPartsOptions } from '../dev/server/parts.ts';
import type { DevSettings } from '../dev/server/settings.ts';
import { type DevServer, startSite } from '../dev/server/start.ts';
import { createWebhook } from '../src/identity/webhook.ts';
import type { Policy } from '../src/policy/types.ts';
import type { Log } from '../src/protocol/log.ts';
import { readEnvironment } from '../src/runtime/environment.ts';
import { createDevSite, type DevSiteParts } from './createDevSite.ts';
import { createDevLab } from './lab/createLab.ts';
import { watchLimits } from './lab/limits.ts';
import { type Apps, createApps, createFieldReport } from './stack/apps.ts';
import { createStackControl } from './stack/control.ts';
import { createKills } from './stack/kills.ts';
import { watchIdentity } from './stack/watchIdentity.ts';

export type { DevServer } from '../dev/server/start.ts';

/** A sweep takes users that are 20 minutes old; nobody at the demo page wants to wait for that. */
const sweepAgeSeconds = 21 * 60;

/**
 * Runs the whole of Daypass in this process: site, Identity, event function, guard, broker, gate and upstream, routed as
 * the platform does, with state that lasts between requests.
 * @throws {ConfigurationError} a TypeError: policy or settings are at fault
 * @throws {Error} the port is in use
 */
export function startDemo(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions & Pick<DevSiteParts, 'publishFolder'> & { log?: Log } = {},
): Promise<DevServer> {
  const { log = () => undefined, publishFolder } = options;
  let apps: Apps | undefined;
  const onEvent = (request: Request) => receiveEvent(apps?.events ?? {}, request, log);
  const identityOptions: DevIdentityOptions = {
    // As netlify/functions/identity.ts.
    events: { names: ['validate'], target: onEvent },
    ...options.identity,
  };
  return startSite(settings, policy, { ...options, identity: identityOptions }, async (parts, urls) => {
    const { identity, redis, operatorToken, serveIdentity } = parts;
    const environment = await readEnvironment(policy, (name) => parts.environment[name]);
    const place = { issuer: policy.issuer ?? urls.publicUrl, deployContext: 'dev' } as const;
    const limits = watchLimits({ policy, restApi: environment.redis, redis, log });
    const kills = createKills();
    const onFieldDropped = createFieldReport(log);
    const build = (changed: Policy) =>
      createApps(changed, {
        environment,
        place,
        operatorToken,
        identity: serveIdentity,
        kills,
        log: limits.log,
        onFieldDropped,
      });
    const watch = watchIdentity(settings, identityOptions.events !== undefined);
    let current = build(policy);
    apps = current;
    const stack = createStackControl({
      policy,
      redis,
      apply: (changed) => {
        current = build(changed);
        apps = current;
      },
      armKill: identity && kills.arm,
      ageOrphans: () => {
        for (const id of kills.orphans()) identity?.users.age(id, sweepAgeSeconds);
      },
    });
    const onValidate = (event: unknown) => {
      watch.sawEvent();
      return (current.events.userValidate as (event: unknown) => unknown)(event);
    };
    const site = await createDevSite({
      identity: serveIdentity,
      lab: createDevLab(settings, policy, parts, urls, stack, limits, watch, log),
      apps: () => current,
      publishFolder,
      receiveEvent: (request) =>
        createWebhook(
          { ...current.events, userValidate: onValidate },
          {
            secret: () => settings.identity?.webhookSecret,
            log,
            now: () => Math.floor(Date.now() / 1000),
          },
        )(request),
    });
    const waitUntil = (work: Promise<unknown>) => void work.catch(() => undefined);
    return {
      fetch: (request, clientAddress) =>
        kills.answer(async () => site.fetch(request, { clientAddress, waitUntil })),
    };
  });
}

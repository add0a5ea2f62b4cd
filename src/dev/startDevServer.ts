import type { Hono } from 'hono';
import { createBrokerApp } from '../http/brokerApp.ts';
import type { CallerEnv } from '../http/caller.ts';
import { createGateApp } from '../http/gateApp.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { identityPath } from '../protocol/paths.ts';
import { readEnvironment } from '../runtime/environment.ts';
import { nowSeconds, wireBroker, wireGate } from '../runtime/wire.ts';
import { createDevSite } from './createDevSite.ts';
import { createLab } from './lab/createLab.ts';
import { listen } from './listen.ts';
import { type DevParts, type DevPartsOptions, startParts } from './parts.ts';
import type { DevSettings } from './settings.ts';

export interface DevServer {
  /** The site. */
  url: string;
  parts: DevParts;
  close(): Promise<void>;
}

/**
 * Runs the whole of Daypass in this process: site, Identity, broker, gate and upstream, routed as the platform
 * does, with state that lasts between requests.
 * @throws {ConfigurationError} a TypeError: policy or settings are at fault
 * @throws {Error} the port is in use
 */
export async function startDevServer(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions & { log?: Log } = {},
): Promise<DevServer> {
  const { log = () => undefined } = options;
  // The port decides the issuer, so it is taken first and answers once everything is there.
  let site: Hono<CallerEnv> | undefined;
  const listening = await listen(
    (request, clientAddress) =>
      site?.fetch(request, { clientAddress }) ?? new Response('Daypass is starting.\n', { status: 503 }),
    settings,
  );
  const url = `http://localhost:${new URL(listening.url).port}`;
  let parts: DevParts | undefined;
  const close = async () => {
    await listening.close();
    await parts?.close();
  };
  try {
    parts = await startParts(settings, url, options);
    site = await buildSite(settings, policy, parts, url, log);
    return { url, parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function buildSite(settings: DevSettings, policy: Policy, parts: DevParts, url: string, log: Log) {
  const environment = await readEnvironment(policy, (name) => parts.environment[name]);
  const place = { issuer: policy.issuer ?? url, deployContext: 'dev' } as const;
  const broker = wireBroker(policy, environment, place, () => parts.operatorToken);
  return createDevSite({
    identity: parts.serveIdentity,
    broker: createBrokerApp(broker, log),
    gate: createGateApp(wireGate(policy, environment, place, log), policy.origins, log),
    lab: createLab({
      identityUrl: settings.identity?.url ?? url + identityPath,
      operatorToken: parts.operatorToken,
      secret: settings.secret,
      issuer: place.issuer,
      audience: policy.defaultAudience,
      scopes: policy.audiences[policy.defaultAudience]?.scopes ?? [],
      throwaway: { emailDomain: policy.throwaway.emailDomain, admission: policy.admission },
      deployContext: 'dev',
      log,
      now: nowSeconds,
    }),
  });
}

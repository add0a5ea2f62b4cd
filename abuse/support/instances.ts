import { type Listening, listen } from '../../dev/listen.ts';
import { createGateHandler } from '../../src/gate/gate.ts';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import type { App } from '../../src/http/context.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import { createUploads } from '../../src/limits/requestBodies.ts';
import { wireAuthorization, wireBroker } from '../../src/netlify/wire.ts';
import type { Site } from './site.ts';

/** One instance of the functions of a deploy, with a memory of its own. */
export interface Instance {
  gate: App;
  broker: App;
}

export interface InstanceOptions {
  operatorToken: string;
  /** Seconds since the epoch. */
  now: () => number;
}

/** Makes an instance as the platform starts one. */
export function startInstance(site: Site, { operatorToken, now }: InstanceOptions): Instance {
  const { policy, environment, deployInfo } = site;
  const log = () => undefined;
  const gate = createGateHandler({
    ...wireAuthorization(policy, environment, deployInfo, log),
    now,
    upstreams: environment.upstreams,
    bodies: createUploads(policy),
  });
  const broker = { ...wireBroker(policy, environment, deployInfo, () => operatorToken), now };
  return { gate: createGateApp(gate, policy, log), broker: createBrokerApp(broker, log) };
}

/**
 * Serves instances at one address, taking turns, as the platform does.
 * @param instances of this moment: replace one and the next request is the new one's
 */
export function serveInstances(instances: readonly Instance[]): Promise<Listening> {
  let turn = 0;
  return listen((request, clientAddress) => {
    turn += 1;
    const { gate, broker } = instances[turn % instances.length] as Instance;
    const app = new URL(request.url).pathname.startsWith('/api/') ? gate : broker;
    return app.fetch(request, { clientAddress });
  });
}

import { listen } from '../../dev/listen.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import type { Environment } from '../../src/netlify/environment.ts';
import { wireGate } from '../../src/netlify/wire.ts';
import type { Context } from './measure.ts';
import { outcomeOf, send } from './send.ts';
import type { AbuseServer, LogLine } from './server.ts';

/** An instance of the gate that has not been called, as a deploy has it. */
export interface FreshGate {
  call(token: string): Promise<string>;
  /** What it has logged of Redis. */
  storeLines(): LogLine[];
}

export async function startGate(context: Context, server: AbuseServer): Promise<FreshGate> {
  const { policy, deployInfo } = server;
  const logged: LogLine[] = [];
  const log = (event: string, fields = {}) => void logged.push({ event, ...fields });
  const app = createGateApp(wireGate(policy, impatient(server), deployInfo, log), policy, log);
  const site = await listen((request, clientAddress) => app.fetch(request, { clientAddress }));
  context.defer(() => site.close());
  return {
    call: async (token) =>
      outcomeOf(await send(`${site.url}/api/hello`, { headers: { authorization: `Bearer ${token}` } })),
    storeLines: () => logged.filter(({ event }) => /^(circuit|store)_/.test(event)),
  };
}

/** The environment with the 300 ms for Redis that a site has. */
export function impatient({ environment }: AbuseServer): Environment {
  const { url, token } = environment.redis;
  return { ...environment, redis: { url, token } };
}

import '../../test/support/closedNetwork.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listen } from '../../dev/listen.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import { wireGate } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { openSite } from './site.ts';

// A process of its own: one instance of the gate, which also reports how much memory it takes.

/** What `/memory` answers, in bytes. `/memory?collect` collects garbage first. */
export interface GateMemory {
  /** Resident set at present. */
  resident: number;
  /** The largest since it was asked last. */
  peak: number;
  /** Bytes in array buffers: of bodies, nothing else here has any to speak of. */
  buffers: number;
}

const { GATE_POLICY: policy = '{}', URL: issuer = '' } = process.env;
setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

const site = await openSite(definePolicy(JSON.parse(policy)), process.env as Record<string, string>, issuer);
const log = () => undefined;
const gate = createGateApp(wireGate(site.policy, site.environment, site.deployInfo, log), site.policy, log);
let peak = 0;
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
setInterval(look, 20);

const { url } = await listen(async (request, clientAddress) => {
  const { pathname, search } = new URL(request.url);
  if (pathname !== '/memory') return gate.fetch(request, { clientAddress });
  if (search === '?collect') {
    collectGarbage();
    // Array buffers are swept concurrently with the program, and counted as gone only then.
    await sleep(200);
    collectGarbage();
    await sleep(200);
  }
  look();
  const { rss: resident, arrayBuffers: buffers } = process.memoryUsage();
  const memory: GateMemory = { resident, peak, buffers };
  peak = 0;
  return Response.json(memory);
});
console.log(`ready: ${url}`);

import '../../test/support/closedNetwork.ts';
import { listen } from '../../dev/listen.ts';
import type { BrokerDependencies } from '../../src/broker/dependencies.ts';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import { wireBroker } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { tokenPath } from '../../src/protocol/wire.ts';
import { openSite } from './site.ts';
import type { KillStep } from './steps.ts';

// A process of its own: a broker that is killed, as by SIGKILL from outside, at one step of its first exchange.

const {
  MORTAL_STEP: step,
  MORTAL_POLICY: policy,
  MORTAL_OPERATOR_TOKEN: operatorToken,
  URL: issuer,
} = process.env;

/** Ends this process on the spot: nothing is closed, nothing more is sent. */
async function dieAt(here: KillStep): Promise<void> {
  if (here !== step) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
}

function mortal(broker: BrokerDependencies): BrokerDependencies {
  const { redemptions, identity } = broker;
  return {
    ...broker,
    redemptions: {
      ...redemptions,
      async reserve(userId) {
        await dieAt('before-redemption');
        const nonce = await redemptions.reserve(userId);
        await dieAt('after-redemption');
        return nonce;
      },
    },
    identity: {
      ...identity,
      async deleteUser(...call) {
        await dieAt('before-delete');
        const existed = await identity.deleteUser(...call);
        await dieAt('after-delete');
        return existed;
      },
    },
  };
}

const variables = process.env as Record<string, string>;
const site = await openSite(definePolicy(JSON.parse(policy ?? '')), variables, issuer ?? '');
const broker = wireBroker(site.policy, site.environment, site.deployInfo, () => operatorToken);
const app = createBrokerApp(mortal(broker), () => undefined);
const { url } = await listen(async (request, clientAddress) => {
  const response = await app.fetch(request, { clientAddress });
  if (new URL(request.url).pathname === tokenPath) await dieAt('before-answer');
  return response;
});
console.log(`ready: ${url}`);

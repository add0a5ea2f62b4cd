import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSampleApi } from '../demo/sampleApi.ts';
import { listen } from '../dev/listen.ts';
import { atLeast, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { type Instance, serveInstances, startInstance } from './support/instances.ts';
import { wideLimits } from './support/limits.ts';
import { startLoad } from './support/load.ts';
import type { Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';
import { openSite } from './support/site.ts';
import { createTraveller, type Step } from './support/traveller.ts';
import { beginSession } from './support/visitor.ts';

const callsPerSecond = 200;
const sessions = 40;
/** A minute, as long as tokens live here, passes in two seconds. */
const speed = 30;
const life = { ttlSeconds: 60, renewalGraceSeconds: 60 };
const stageMs = 1000;
/** Until nothing that the old secret has signed can be renewed. */
const lifeMs = ((life.ttlSeconds + life.renewalGraceSeconds) / speed) * 1000;
const betweenInstancesMs = 500;

/** Changing the secret while visitors are there: the new one added everywhere, the two swapped, the old one removed. */
export const rotation: Measure = {
  name: 'rotation',
  what: `Rotation of the secret under load, by a clock ${speed} times as fast`,
  async run(context) {
    const startedAt = Date.now();
    const nowMs = () => startedAt + (Date.now() - startedAt) * speed;
    const now = () => Math.floor(nowMs() / 1000);
    const server = await context.startServer({
      policy: { accessToken: life, limits: wideLimits() },
      identity: { now: nowMs },
    });
    const { policy, deployInfo, identityUrl, operatorToken } = server;
    const old = server.variables.DAYPASS_SECRET as string;
    const next = randomBytes(32).toString('base64url');

    /** An instance with these secrets, and a backend that has them too. */
    const start = async (secret: string, secondarySecret?: string) => {
      const verifier = {
        secret,
        secondarySecret,
        issuer: deployInfo.issuer,
        deployContexts: ['dev' as const],
        now: nowMs,
      };
      const api = createSampleApi(verifier);
      const backend = await listen((request) => api.fetch(request));
      context.defer(() => backend.close());
      const variables = {
        ...server.variables,
        DAYPASS_SECRET: secret,
        ...(secondarySecret && { DAYPASS_SECRET_SECONDARY: secondarySecret }),
        DAYPASS_UPSTREAM: backend.url,
        IDENTITY_URL: identityUrl,
      };
      return startInstance(await openSite(policy, variables, deployInfo.issuer), { operatorToken, now });
    };
    const instances: Instance[] = [await start(old), await start(old)];
    const site = await serveInstances(instances);
    context.defer(() => site.close());
    /** One instance after the other: for a while both kinds answer. */
    const deploy = async (secret: string, secondarySecret?: string) => {
      for (const index of instances.keys()) {
        instances[index] = await start(secret, secondarySecret);
        await sleep(betweenInstancesMs);
      }
    };

    const travellers = await inParallel(sessions, 8, async (index) => {
      // Every third is away when its token expires, and renews within the grace.
      const renewsAfterSeconds = index % 3 === 0 ? life.ttlSeconds + life.renewalGraceSeconds / 2 : 30;
      return createTraveller(site.url, await beginSession(site.url, identityUrl), {
        now,
        renewsAfterSeconds,
      });
    });
    const steps: Step[] = [];
    const stopLoad = startLoad(context, callsPerSecond, async () => {
      const here = travellers.filter((traveller) => traveller.isHere());
      steps.push(await context.chance.pick(here).act(context.chance));
    });
    await sleep(stageMs);
    await deploy(old, next);
    await sleep(stageMs);
    const swappedAt = now();
    await deploy(next, old);
    await sleep(lifeMs + stageMs);
    await deploy(next);
    const removedAt = now();
    await sleep(stageMs);
    const { rate } = await stopLoad();

    const [first, last] = [steps[0]?.keyId, steps.at(-1)?.keyId];
    const calls = steps.filter(({ kind }) => kind === 'call');
    const after = (at: number, keyId: unknown) =>
      calls.filter((call) => call.at >= at && call.keyId === keyId);
    const outcomes = (of: Step[]) => of.map(({ outcome }) => outcome);
    const forged = await inParallel(20, 4, async () => {
      const authorization = `Bearer ${await server.mint({ now: now() })}`;
      return outcomeOf(await send(`${site.url}/api/hello`, { headers: { authorization } }));
    });
    return [
      atLeast('requests a second, calls and renewals', rate, callsPerSecond),
      none('calls with a valid token that were refused', outcomes(calls), '200'),
      none('renewals that were refused', outcomes(steps.filter(({ kind }) => kind === 'renewal')), '200'),
      atLeast('calls with a token of the old secret, after the swap', after(swappedAt, first).length, 100),
      atLeast(
        'calls with a token of the new one, before the old was removed',
        calls.filter(({ at, keyId }) => at < removedAt && keyId === last).length,
        100,
      ),
      atLeast('calls with a token of the new one, after', after(removedAt, last).length, 100),
      none('tokens of the removed secret that pass', forged, '401 token_key'),
    ];
  },
};

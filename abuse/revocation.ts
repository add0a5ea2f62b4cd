import { setTimeout as sleep } from 'node:timers/promises';
import { nowSeconds } from '../src/netlify/platform.ts';
import { revokePath } from '../src/protocol/wire.ts';
import { atLeast, type Figure, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { serveInstances, startInstance } from './support/instances.ts';
import { wideLimits } from './support/limits.ts';
import { startLoad } from './support/load.ts';
import type { Context, Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';
import { outcomeOfSession, renewSession } from './support/visitor.ts';

const callsPerSecond = 200;
const sessions = 60;
const revoked = 30;
const betweenMs = 150;

/** A revoked session is refused from the answer on, by every instance; with leases, once one is over. */
export const revocation: Measure = {
  name: 'revocation',
  what: 'Revocation under load',
  async run(context) {
    return [...(await revokeUnderLoad(context, 0)), ...(await revokeUnderLoad(context, 1))];
  },
};

async function revokeUnderLoad(context: Context, leaseSeconds: number): Promise<Figure[]> {
  const server = await context.startServer({ policy: { limits: wideLimits({ leaseSeconds }) } });
  const options = { operatorToken: server.operatorToken, now: nowSeconds };
  const site = await serveInstances([startInstance(server, options), startInstance(server, options)]);
  context.defer(() => site.close());
  const holders = await inParallel(sessions, 8, async () => ({
    token: await server.mint(),
    /** Whether its revocation has begun. */
    isEnding: false,
    /** Whether it must be refused everywhere. */
    isRevoked: false,
  }));
  type Holder = (typeof holders)[number];

  const callOutcomes = { before: [] as string[], after: [] as string[] };
  const renewalOutcomes: string[] = [];
  const call = async (holder: Holder) => {
    // As it was when the call was sent.
    const { isRevoked, token } = holder;
    const answer = await send(`${site.url}/api/hello`, { headers: { authorization: `Bearer ${token}` } });
    if (isRevoked) callOutcomes.after.push(outcomeOf(answer));
    // What was revoked while it was under way may have ended either way.
    else if (!holder.isEnding) callOutcomes.before.push(outcomeOf(answer));
  };
  const renew = async ({ token }: Holder) => {
    renewalOutcomes.push(await outcomeOfSession(renewSession(site.url, token)));
  };

  const of = leaseSeconds === 0 ? 'its answer' : `${leaseSeconds} s after its answer`;
  const stopLoad = startLoad(context, callsPerSecond, () => call(context.chance.pick(holders)));
  await sleep(500);
  for (const holder of holders.slice(0, revoked)) {
    holder.isEnding = true;
    const body = new URLSearchParams({ token: holder.token });
    const answer = await send(site.url + revokePath, { method: 'POST', body });
    if (answer.status !== 200) throw new Error(`A revocation ended in ${outcomeOf(answer)}.`);
    await sleep(leaseSeconds * 1000);
    holder.isRevoked = true;
    // Both instances, at once.
    await Promise.all([call(holder), call(holder), renew(holder), renew(holder)]);
    await sleep(betweenMs);
  }
  const { rate } = await stopLoad();
  return [
    atLeast('requests a second', rate, callsPerSecond),
    none('calls of sessions that were not revoked, refused', callOutcomes.before, '200'),
    none(`calls let through from ${of} on`, callOutcomes.after, '401 token_revoked'),
    none(`renewals let through from ${of} on`, renewalOutcomes, '400 token_revoked'),
  ];
}

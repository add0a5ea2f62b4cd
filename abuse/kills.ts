import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { User } from '../dev/identity/users.ts';
import { identityPath, sweepPath } from '../src/protocol/wire.ts';
import { runNode } from '../test/support/runCommand.ts';
import { atMost, exactly, type Figure, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { wideLimits } from './support/limits.ts';
import type { Context, Measure } from './support/measure.ts';
import { generateRow } from './support/members.ts';
import { outcomeOf, send } from './support/send.ts';
import type { AbuseServer } from './support/server.ts';
import { type KillStep, steps } from './support/steps.ts';
import { beginSession } from './support/visitor.ts';

const timesEach = 20;
const members = 500;
/** A sweep takes users of 20 minutes and a minute of clock skew: everybody is made to look older. */
const ageSeconds = 22 * 60;
const entry = fileURLToPath(new URL('support/mortalBroker.ts', import.meta.url));
const policy = { limits: wideLimits() };

/** A broker killed on its way costs its visitor one more try, and leaves nothing that a sweep does not find. */
export const kills: Measure = {
  name: 'kills',
  what: `SIGKILL of the broker, ${timesEach} times at each step of the exchange`,
  async run(context) {
    const server = await context.startServer({ policy });
    const { users } = server.identity;
    for (let index = 0; index < members; index += 1) users.plant(generateRow(context.chance, index));
    const planted = users.list();

    const visits = await inParallel(timesEach * steps.length, 2, (index) =>
      visit(context, server, steps[index % steps.length] as KillStep),
    );
    const orphans = users.count() - members;
    for (const { id } of users.list()) users.age(id, ageSeconds);
    const isPlanted = new Set(planted.map(({ id }) => id));
    const before = users.list().filter(({ id }) => isPlanted.has(id));
    const swept = await send(server.url + sweepPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.maintenanceBearer}` },
    });
    if (swept.status !== 200) throw new Error(`The sweep ended in ${outcomeOf(swept)}.`);
    const after = new Map(users.list().map((user) => [user.id, user]));
    const figures: Figure[] = steps.map((step) => {
      const tries = visits.filter((each) => each.step === step).map((each) => each.tries);
      return atMost(`killed ${step}: tries until the visitor has a token`, Math.max(...tries), 2);
    });
    return [
      exactly('brokers killed', visits.filter(({ killed }) => killed).length, timesEach * steps.length),
      ...figures,
      none(
        'tokens so got that the gate refuses',
        visits.map(({ outcome }) => outcome),
        '200',
      ),
      atMost('orphans before the sweep, all of them made to look 22 minutes older', orphans, visits.length),
      exactly(
        'orphans after one sweep',
        after.size - [...after.keys()].filter((id) => isPlanted.has(id)).length,
        0,
      ),
      none(
        'members gone or changed',
        before.map((user) => compare(user, after.get(user.id))),
        'same',
      ),
    ];
  },
};

function compare(user: User, now: User | undefined): string {
  if (now === undefined) return 'gone';
  return JSON.stringify(now) === JSON.stringify(user) ? 'same' : 'changed';
}

/** A visitor whose first broker is killed. The next call reaches another instance. */
async function visit(context: Context, server: AbuseServer, step: KillStep) {
  const { variables, url, identityUrl, operatorToken } = server;
  const broker = runNode(entry, {
    ...variables,
    IDENTITY_URL: url + identityPath,
    MORTAL_OPERATOR_TOKEN: operatorToken,
    MORTAL_POLICY: JSON.stringify(policy),
    MORTAL_STEP: step,
  });
  context.defer(() => broker.process.kill('SIGKILL'));
  const mortalUrl = await broker.printed(/ready: (\S+)/);
  let tries = 1;
  let held = await beginSession(mortalUrl, identityUrl).catch(() => undefined);
  while (!held && tries < 5) {
    tries += 1;
    held = await beginSession(url, identityUrl).catch(() => undefined);
  }
  const headers = { authorization: `Bearer ${held?.access_token}` };
  const outcome = outcomeOf(await send(`${url}/api/hello`, { headers }));
  // Its connection broke because it is dead; one that answered is not.
  if (tries > 1) await Promise.race([broker.exited, sleep(1000)]);
  const killed = broker.process.signalCode === 'SIGKILL';
  return { step, tries, outcome, killed };
}

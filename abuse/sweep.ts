import { fileURLToPath } from 'node:url';
import type { SweepResponse } from '../src/protocol/messages.ts';
import { sweepPath } from '../src/protocol/paths.ts';
import { runNode } from '../test/support/runCommand.ts';
import { percentile } from './support/count.ts';
import { atLeast, exactly, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { wideLimits } from './support/limits.ts';
import { type ListedUser, listUsers } from './support/listUsers.ts';
import type { Context, Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';

const rounds = 3;
const orphans = 10_000;
const members = 10_000;
/** Throwaway users whose visitors may still be under way. */
const young = 200;
/** Orphans that are deleted first and not measured: a server that has just started is slow. */
const warmUps = 1500;
/** As many as a sweep has under way. */
const deletionsAtOnce = 16;
const entry = fileURLToPath(new URL('support/identityProcess.ts', import.meta.url));

export interface Crowd {
  orphans: number;
  members: number;
}

export interface Place {
  url: string;
  operatorToken: string;
}

/** Throwaway users that nobody exchanged go, nobody else does, and it does not take long. */
export const sweep: Measure = {
  name: 'sweep',
  isTimed: true,
  what: `Sweep of ${orphans} orphans among ${members} members, ${rounds} times`,
  async run(context) {
    // Processes of their own, all of the same size, and a small one first: our own code has to warm up too.
    await sweepOne(context, await startIdentity(context, { orphans: warmUps, members: 0 }));
    const [bare, ...full] = await inParallel(1 + rounds, 2, () =>
      startIdentity(context, { orphans, members }),
    );
    if (!bare) throw new TypeError('There is no round.');
    const victims = (await listUsers(bare)).filter(isOrphan);
    const share = Math.ceil(victims.length / (rounds + 1));
    /** Deletes some of the victims; how many a second. */
    const deleteSome = async (turn: number) => {
      const some = victims.slice(turn * share, (turn + 1) * share);
      return some.length / (await deleteAll(bare, some));
    };

    // By turns: what else this machine does slows both.
    const bareRates = [await deleteSome(0)];
    const sweeps: Swept[] = [];
    for (const [turn, identity] of full.entries()) {
      sweeps.push(await sweepOne(context, identity));
      bareRates.push(await deleteSome(turn + 1));
    }
    const ratios = sweeps.map(({ rate }, turn) => {
      const beside = ((bareRates[turn] ?? 0) + (bareRates[turn + 1] ?? 0)) / 2;
      return (100 * rate) / beside;
    });
    const sum = (of: (swept: Swept) => number) => sweeps.reduce((total, swept) => total + of(swept), 0);
    const list = (numbers: number[]) => numbers.map((each) => each.toFixed()).join(', ');
    return [
      exactly(
        'orphans before',
        sum(({ before }) => before),
        rounds * orphans,
      ),
      exactly(
        'orphans after',
        sum(({ after }) => after),
        0,
      ),
      none(
        'members and visitors under way, gone or changed',
        sweeps.flatMap(({ others }) => others),
        'same',
      ),
      atLeast(
        `a second: sweeps ${list(sweeps.map(({ rate }) => rate))}; bare DELETEs ${list(bareRates)}; ratio in the middle`,
        percentile(ratios, 0.5),
        80,
        ' %',
      ),
    ];
  },
};

export interface Swept {
  /** Orphans. */
  before: number;
  after: number;
  /** Deletions a second. */
  rate: number;
  /** What became of each of all others. */
  others: string[];
}

/** Sweeps an Identity to the end. */
export async function sweepOne(context: Context, identity: Place): Promise<Swept> {
  const server = await context.startServer({ policy: { limits: wideLimits() }, identityAt: identity });
  const before = await listUsers(identity);
  const others = before.filter((user) => !isOrphan(user));
  const started = performance.now();
  const runs = await sweepToTheEnd(server.url, server.maintenanceBearer);
  const seconds = (performance.now() - started) / 1000;
  const after = await listUsers(identity);
  const left = new Map(after.map((user) => [user.id, JSON.stringify(user)]));
  return {
    before: before.length - others.length,
    after: after.filter(isOrphan).length,
    rate: runs.reduce((sum, { deleted }) => sum + deleted, 0) / seconds,
    others: others.map((user) => (left.get(user.id) === JSON.stringify(user) ? 'same' : 'gone or changed')),
  };
}

/** A dev identity full of users, in a process of its own, warmed up. */
export async function startIdentity(context: Context, crowd: Crowd): Promise<Place> {
  const running = runNode(entry, {
    CROWD_SEED: `${context.chance.below(2 ** 31)}`,
    CROWD_ORPHANS: `${crowd.orphans + warmUps}`,
    CROWD_MEMBERS: `${crowd.members}`,
    CROWD_YOUNG: `${young}`,
  });
  context.defer(() => running.process.kill('SIGKILL'));
  const [url = '', operatorToken = ''] = (await running.printed(/ready: (\S+ \S+)/)).split(' ');
  const identity = { url, operatorToken };
  await deleteAll(identity, (await listUsers(identity)).filter(isOrphan).slice(0, warmUps));
  return identity;
}

/** By the names that `identityProcess` gives. */
export function isOrphan({ email, created_at }: ListedUser): boolean {
  return /^t\d+@/.test(email) && Date.now() - Date.parse(created_at) > 25 * 60_000;
}

/** @returns seconds */
export async function deleteAll(
  { url, operatorToken }: Place,
  users: readonly ListedUser[],
): Promise<number> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const started = performance.now();
  await inParallel(users.length, deletionsAtOnce, async (index) => {
    const response = await fetch(`${url}/admin/users/${users[index]?.id}`, { method: 'DELETE', headers });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`A DELETE ended in ${response.status}.`);
  });
  return (performance.now() - started) / 1000;
}

/** Calls the sweep as an owner does: on and on from where the last call ended. */
async function sweepToTheEnd(url: string, bearer: string): Promise<SweepResponse[]> {
  const runs: SweepResponse[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; cursor = runs.at(-1)?.cursor) {
    const answer = await send(url + sweepPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: new URLSearchParams({ cursor }),
    });
    if (answer.status !== 200) throw new Error(`The sweep ended in ${outcomeOf(answer)}.`);
    runs.push(JSON.parse(answer.text) as SweepResponse);
    if (runs.length > 100) throw new Error('The sweep has no end.');
  }
  return runs;
}

import { fileURLToPath } from 'node:url';
import type { SweepResponse } from '../src/protocol/messages.ts';
import { sweepPath } from '../src/protocol/wire.ts';
import { runNode } from '../test/support/runCommand.ts';
import { atMost, exactly } from './support/figures.ts';
import { wideLimits } from './support/limits.ts';
import type { Context, Measure } from './support/measure.ts';
import { send } from './support/send.ts';
import type { Place } from './sweep.ts';

const orphans = 2000;
/** As many megabytes as MariaDB takes of one user: half of them are to be swept, half stay. */
const heavy = 100;
/** Heavier than the sweep reads at all. */
const heaviest = 5;
/** A function of Netlify's has 1024 MB. */
const mostGrowthMb = 400;
const entry = fileURLToPath(new URL('support/identityProcess.ts', import.meta.url));

/** Strangers give their throwaway users as much metadata as they can: the sweep goes on, in bounded memory. */
export const sweepBesideHeavyUsers: Measure = {
  name: 'sweep-heavy',
  what: `Sweep of ${orphans} orphans behind ${heavy} users of 14 MB and ${heaviest} of 40 MB`,
  async run(context) {
    const identity = await startIdentity(context);
    const server = await context.startServer({ policy: { limits: wideLimits() }, identityAt: identity });
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    const { runs, failures } = await sweepAll(server.url, server.maintenanceBearer).finally(() =>
      clearInterval(watch),
    );
    const sum = (name: 'deleted' | 'unread' | 'failed') => runs.reduce((total, run) => total + run[name], 0);
    return [
      exactly('orphans deleted, the heavy ones with them', sum('deleted'), orphans + heavy / 2),
      exactly('users passed over, since they cannot be read', sum('unread'), heaviest),
      exactly('users left', await countUsers(identity), heavy / 2 + heaviest),
      atMost(
        `runs of 8 s each, of which ${failures} found Identity too busy to list`,
        runs.length + failures,
        60,
      ),
      atMost('memory that the broker grew by, MB', Math.round((most - before) / 1e6), mostGrowthMb),
    ];
  },
};

/** As a cron does: from where the last run ended, also when one fails. */
async function sweepAll(url: string, bearer: string) {
  const runs: SweepResponse[] = [];
  let failures = 0;
  let cursor: string | undefined = '';
  while (cursor !== undefined && runs.length + failures < 100) {
    const answer = await send(url + sweepPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: new URLSearchParams({ cursor }),
    });
    if (answer.status !== 200) {
      failures += 1;
      continue;
    }
    const run = JSON.parse(answer.text) as SweepResponse;
    runs.push(run);
    cursor = run.cursor;
  }
  return { runs, failures };
}

async function startIdentity(context: Context): Promise<Place> {
  const running = runNode(entry, {
    CROWD_SEED: `${context.chance.below(2 ** 31)}`,
    CROWD_ORPHANS: `${orphans}`,
    CROWD_MEMBERS: '0',
    CROWD_YOUNG: '0',
    CROWD_HEAVY: `${heavy}`,
    CROWD_HEAVIEST: `${heaviest}`,
  });
  context.defer(() => running.process.kill('SIGKILL'));
  const [url = '', operatorToken = ''] = (await running.printed(/ready: (\S+ \S+)/)).split(' ');
  return { url, operatorToken };
}

/** By an empty page: the others are too heavy to look at. */
async function countUsers({ url, operatorToken }: Place): Promise<number> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const answered = await fetch(`${url}/admin/users?page=1000000&per_page=1`, { headers });
  return Number(answered.headers.get('x-total-count'));
}

import { createContext } from '../abuse/support/context.ts';
import { listUsers } from '../abuse/support/listUsers.ts';
import { deleteAll, isOrphan, startIdentity, sweepOne } from '../abuse/sweep.ts';
import { findProgram } from '../test/support/optional.ts';
import { type Bench, MissingProgram } from './support/bench.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';

/** The whole of it: pages listed, users distinguished, orphans deleted; over a real redis-server, Identity in a process of its own. */
export const bench: Bench = {
  question: 'How fast does a sweep delete, compared with bare DELETEs?',
  async run({ isQuick, defer }) {
    if (!process.env.REDIS_URL && !findProgram('redis-server'))
      throw new MissingProgram('put redis-server on the PATH or set REDIS_URL');
    const context = createContext(1);
    defer(() => context.close());
    const crowd = isQuick ? { orphans: 1500, members: 1500 } : { orphans: 5000, members: 5000 };
    const rates = await interleave(isQuick ? 3 : 7, {
      async sweep() {
        const { rate, after, others } = await sweepOne(context, await startIdentity(context, crowd));
        const lost = others.filter((user) => user !== 'same').length;
        if (after > 0 || lost > 0)
          throw new Error(`A sweep left ${after} orphans and changed ${lost} others.`);
        return rate;
      },
      async bare() {
        const identity = await startIdentity(context, crowd);
        const orphans = (await listUsers(identity)).filter(isOrphan);
        return orphans.length / (await deleteAll(identity, orphans));
      },
    });
    return [
      {
        what: `orphans a second, among ${crowd.members} members`,
        baseline: 'DELETEs, 16 at once',
        figure: ratioOf(rates.sweep, rates.bare),
        unit: '×',
        toReach: { atLeast: 0.8 },
        note: against(rates.sweep, rates.bare, 'a second'),
      },
    ];
  },
};

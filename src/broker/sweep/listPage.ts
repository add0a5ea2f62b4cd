import type { ListedUsers } from '../../identity/client.ts';
import { unavailable } from '../../identity/transport.ts';
import { throwawayRule } from '../dependencies.ts';
import type { Place } from './place.ts';
import type { SweepRun } from './run.ts';

export interface ListedPage extends ListedUsers {
  /** How many users the pages before this one hold. */
  start: number;
  isLast: boolean;
}

/**
 * Asks for the page that holds a place. Where Identity gives fewer users than asked for, its pages begin elsewhere than
 * ours: then asks anew, for as many as it gave.
 * @param mostPerPage users to ask for at once; fewer once Identity gave fewer in this run
 * @returns undefined where Identity cannot filter
 * @throws {DaypassError} `identity_unavailable`, also when Identity keeps to no size of a page
 */
export async function listPage(
  run: SweepRun,
  { audience, filtered, position }: Place,
  mostPerPage: number,
): Promise<ListedPage | undefined> {
  const { policy, identity } = run.broker;
  const filter = filtered ? { filter: `@${throwawayRule(policy).emailDomain}` } : {};
  run.perPage = Math.min(run.perPage, mostPerPage);
  do {
    const { perPage } = run;
    const page = Math.floor(position / perPage) + 1;
    const start = (page - 1) * perPage;
    const asked = { page, perPage, audience, ...filter, maxBytes: 4 * 2 ** 20 };
    const listed = await identity.listUsers(asked, run.operatorToken, run.signal());
    if (listed === 'no_filter') return undefined;
    if (listed === 'too_large') throw unavailable('too large');
    const given = listed.users.length;
    const expected = Math.max(0, Math.min(perPage, listed.total - start));
    if (given > perPage) break;
    if (given === perPage) run.provenPerPage = Math.max(run.provenPerPage, given);
    // The first page begins at the first user whatever its size; whoever signs up between Identity's count and its list
    // lengthens it. Another one of the wrong place may by chance be as long as the right one, unless Identity has given
    // as many as were asked for.
    const isRight =
      page === 1 ? given >= expected : given === expected && (given === 0 || perPage <= run.provenPerPage);
    if (isRight) return { ...listed, start, isLast: start + perPage >= listed.total };
    // Whoever is deleted in between shortens a page, to none at times.
    run.perPage = Math.min(perPage - 1, given || Math.floor(perPage / 2));
  } while (run.perPage > 0 && !run.isOver);
  throw unavailable('no page of the size that was asked for');
}

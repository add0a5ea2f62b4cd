import { emptyPage, type ListedUsers } from '../../identity/client.ts';
import { isSweepable } from '../../identity/throwaway.ts';
import { unavailable } from '../../identity/transport.ts';
import type { UserRecord } from '../../identity/user.ts';
import { DaypassError } from '../../protocol/error.ts';
import { throwawayRule } from '../dependencies.ts';
import type { Page } from './pageSize.ts';
import type { Place } from './place.ts';
import type { SweepRun } from './run.ts';

/** Where a page led to. */
export interface PageOutcome {
  next: Place;
  /**
   * `again`: nobody was looked at, and the next page is another; `end`: the list was seen to its end; `unlisted`: Identity
   * does not list this audience, but another.
   */
  state: 'more' | 'again' | 'end' | 'unlisted';
}

/** Of a page of many: 2000 users of 2 KB each. */
const maxBytes = 4 * 2 ** 20;
/** Of one user alone. MySQL and MariaDB take no statement over 16 MB by default, so nobody has more than that. */
const maxBytesOfOne = 32 * 2 ** 20;

/**
 * Asks for one page of the list and deletes those who may be swept, oldest first. A page that cannot be read is asked for
 * in halves, call by call, and one user who cannot be read is passed.
 * @throws {DaypassError} `identity_unavailable`, `operator_token_refused`: there was no list, and nothing was deleted
 */
export async function sweepPage(run: SweepRun, place: Place): Promise<PageOutcome> {
  const { policy, now } = run.broker;
  const { audience, filtered, position } = place;
  const rule = { ...throwawayRule(policy), audience };
  const page = run.size.pageAt(position);
  const readAt = performance.now();
  const listed = await list(run, place, page);
  if (listed === 'no_filter') return { next: { ...place, filtered: false, position: 0 }, state: 'again' };
  if (listed === undefined) {
    if (!run.size.wentWrong(page, position, performance.now() - readAt))
      return { next: place, state: 'again' };
    run.unread += 1;
    run.log('sweep_unread', { audience, filtered, position });
    return { next: { ...place, position: position + 1 }, state: 'again' };
  }
  // Where X-JWT-AUD does not come through, Identity lists its default audience.
  if (listed.audience !== audience) return { next: place, state: 'unlisted' };
  const isWhole = run.size.isWhole(page, listed.users.length, listed.total);
  if (isWhole === undefined) throw unavailable('no page of the size that was asked for');
  if (!isWhole) return { next: place, state: 'again' };

  const users = listed.users.slice(position - page.start);
  const orphans = new Set(users.filter((user) => isSweepable(user, rule, now())).map(idOf));
  const again = new Set([...orphans].filter((id) => run.hasTried(id)));
  const fates = await run.delete(
    [...orphans].filter((id) => !again.has(id)),
    rule,
    readAt,
  );
  run.size.wentWell(performance.now() - readAt);

  let staying = 0;
  for (const id of users.map(idOf)) {
    // Whose DELETE failed is passed at second sight, when the list shows that the user is still there.
    const fate = again.has(id) ? 'stuck' : orphans.has(id) ? fates.get(id) : 'kept';
    // The place must not pass anybody who is yet to be deleted.
    if (fate === undefined || (fate === 'failed' && !run.passesFailed)) {
      return { next: { ...place, position: position + staying }, state: 'more' };
    }
    if (fate === 'kept') run.kept += 1;
    if (fate !== 'gone') staying += 1;
  }
  const isLast = page.start + page.perPage >= listed.total;
  return { next: { ...place, position: position + staying }, state: isLast ? 'end' : 'more' };
}

/**
 * @returns `no_filter` where Identity cannot filter; undefined where this page cannot be read
 * @throws {DaypassError} `identity_unavailable`: Identity gives no list at all, not even of one user or of nobody
 */
async function list(
  run: SweepRun,
  { audience, filtered }: Place,
  { page, perPage }: Page,
): Promise<ListedUsers | 'no_filter' | undefined> {
  const { identity, policy } = run.broker;
  const asked = {
    page,
    perPage,
    audience,
    filter: filtered ? `@${throwawayRule(policy).emailDomain}` : undefined,
    maxBytes: perPage === 1 ? maxBytesOfOne : maxBytes,
  };
  try {
    const listed = await identity.listUsers(asked, run.operatorToken, run.listSignal());
    return listed === 'too_large' ? undefined : listed;
  } catch (error) {
    if (!(error instanceof DaypassError) || error.code !== 'identity_unavailable' || run.isOver) throw error;
    if (perPage > 1) return undefined;
    const probe = { ...asked, page: emptyPage, maxBytes };
    const empty = await identity.listUsers(probe, run.operatorToken, run.listSignal());
    if (empty === 'too_large') throw error;
    return empty === 'no_filter' ? empty : undefined;
  }
}

/** What is no record has no id, and nobody to delete has none. */
function idOf(user: unknown): string {
  return (user as Partial<UserRecord> | null)?.id ?? '';
}

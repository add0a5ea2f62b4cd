import { emptyPage, type ListedUsers } from '../../identity/client.ts';
import { isSweepable } from '../../identity/throwaway.ts';
import { unavailable } from '../../identity/transport.ts';
import type { UserId } from '../../identity/user.ts';
import { DaypassError } from '../../protocol/error.ts';
import { throwawayRule } from '../dependencies.ts';
import type { SweepPosition } from './sweepRequest.ts';
import { deleteUsers, idOf, type SweepRun } from './sweepRun.ts';

/** The first page is small: users of 14 MB each then cost Identity no more than a second or two. */
const firstPage = 8;

/** Pages grow and shrink towards what is read and deleted in this time, before records get too old. */
const targetMilliseconds = 700;

/** Of a page: 2000 users of 2 KB each. */
const maxBytes = 4 * 2 ** 20;
/** Of a single user. MySQL and MariaDB take no statement over 16 MB by default, so no user is larger than that. */
const maxBytesOfOne = 32 * 2 ** 20;

/** A list between its beginning and its end: what is kept from page to page. */
export interface SweptList {
  position: SweepPosition;
  /** Users to request next. */
  perPage: number;
  /** Users to request at most. */
  maxPerPage: number;
  /** The most users that Identity has given of one page. */
  longestPage: number;
  /** Pages must not begin before this offset: a record there cannot be read. */
  readableFrom: number;
  /** Users whose deletion was tried. Those that are listed again are passed over. */
  readonly tried: Set<string>;
}

/** @param maxPerPage users to request at once, at most */
export function beginList(position: SweepPosition, maxPerPage: number): SweptList {
  const perPage = Math.min(firstPage, maxPerPage);
  return { position, perPage, maxPerPage, longestPage: 0, readableFrom: 0, tried: new Set() };
}

/**
 * What a page led to. `again`: no user was checked, and the next page is another one; `unlisted`: Identity listed another
 * audience than the requested one; `no_filter`: it cannot filter the list.
 */
export type PageOutcome = 'more' | 'again' | 'end' | 'unlisted' | 'no_filter';

/**
 * Reads one page of the list and deletes the users on it that may be swept, oldest first. A page that cannot be read is
 * halved, call by call; a single user that cannot be read is passed over.
 * @throws {DaypassError} `identity_unavailable`, `operator_token_refused`: there was no list, and nothing was deleted
 */
export async function sweepPage(run: SweepRun, list: SweptList): Promise<PageOutcome> {
  const { policy, now, steadyNow } = run.broker;
  const { audience, offset } = list.position;
  const page = pageAt(offset, list.perPage, list.readableFrom);
  const readAt = steadyNow();
  const listed = await readPage(run, list.position, page);
  if (listed === 'no_filter') return listed;
  if (listed === undefined) {
    narrow(run, list, page);
    return 'again';
  }
  // Where X-JWT-AUD does not get through, Identity lists its default audience.
  if (listed.audience !== audience) return 'unlisted';
  if (!isPage(list, page, listed)) return 'again';

  const users = listed.users.slice(offset - page.start);
  const rule = { ...throwawayRule(policy), audience };
  const orphans = new Set<UserId>();
  for (const user of users) if (isSweepable(user, rule, now())) orphans.add(user.id);
  for (const id of orphans) if (list.tried.has(id)) orphans.delete(id);
  const fates = await deleteUsers(run, list.tried, orphans, rule, readAt);

  const growth = Math.min(4, targetMilliseconds / Math.max(1, steadyNow() - readAt));
  list.perPage = Math.min(list.maxPerPage, Math.max(1, Math.round(list.perPage * growth)));

  for (const id of users.map(idOf)) {
    const fate = (orphans as ReadonlySet<string>).has(id)
      ? fates.get(id)
      : list.tried.has(id)
        ? 'tried'
        : 'kept';
    // The position must not pass a user who is still to be deleted. One whose deletion failed is listed again, if at all.
    if (fate === undefined || fate === 'failed') return 'more';
    if (fate === 'kept') run.kept += 1;
    if (fate !== 'gone') list.position = { ...list.position, offset: list.position.offset + 1 };
  }
  return page.start + listed.users.length >= listed.total ? 'end' : 'more';
}

/** A page of the list that holds the user at an offset. */
export interface Page {
  /** From 1, as GoTrue counts. */
  page: number;
  perPage: number;
  /** The number of users on the pages before it. */
  start: number;
}

/**
 * The page that shows the most users from an offset on. Pages of one length begin at multiples of it, so a page may begin in
 * front of the offset.
 * @param from the page must not begin before; at most the offset
 */
export function pageAt(offset: number, maxPerPage: number, from: number): Page {
  let perPage = 1;
  let end = offset + 1;
  for (let each = 2; each <= maxPerPage; each += 1) {
    const start = offset - (offset % each);
    if (start < from || start + each <= end) continue;
    perPage = each;
    end = start + each;
  }
  return { page: Math.floor(offset / perPage) + 1, perPage, start: end - perPage };
}

/** A page could not be read: the next one holds fewer users, or the one user that is at fault is passed over. */
function narrow(run: SweepRun, list: SweptList, { perPage, start }: Page): void {
  const { position } = list;
  if (start < position.offset) {
    // The users in front may be at fault, and are not needed.
    list.readableFrom = position.offset;
  } else if (perPage > 1) {
    list.perPage = Math.ceil(perPage / 2);
  } else {
    const { audience, filtered, offset } = position;
    run.unread += 1;
    run.log('sweep_unread', { audience, filtered, position: offset });
    list.position = { ...position, offset: offset + 1 };
    list.readableFrom = offset + 1;
  }
}

/**
 * Whether Identity gave the page that was requested. A short page that is not the last may have begun elsewhere, at a
 * server that caps its pages, or a user on it was deleted while it was read: fewer users are requested next.
 * @throws {DaypassError} `identity_unavailable`: Identity gives the wrong number of users whatever is requested
 */
function isPage(list: SweptList, { perPage, start }: Page, { users, total }: ListedUsers): boolean {
  const given = users.length;
  if (given > perPage) throw unavailable('more users than were requested');
  list.longestPage = Math.max(list.longestPage, given === perPage ? perPage : 0);
  // The first page begins at the first user at any length. Behind it, a cap below `perPage` is ruled out by a page as long.
  const isLast = start + given >= total;
  const beginsAtStart = start === 0 || given === 0 || perPage <= list.longestPage;
  if (given === perPage || (isLast && beginsAtStart)) return true;
  list.perPage = Math.max(given, Math.floor(perPage / 2));
  list.maxPerPage = Math.max(list.perPage, Math.floor(list.maxPerPage / 2));
  if (list.perPage === 0) throw unavailable('no page of the requested size');
  return false;
}

/**
 * @returns `no_filter` if Identity cannot filter; undefined if this page cannot be read
 * @throws {DaypassError} `identity_unavailable`: Identity gives no list at all, not even of one user or an empty one
 */
async function readPage(
  run: SweepRun,
  { audience, filtered }: SweepPosition,
  { page, perPage }: Page,
): Promise<ListedUsers | 'no_filter' | undefined> {
  const { identity, policy } = run.broker;
  const request = {
    page,
    perPage,
    audience,
    filter: filtered ? `@${throwawayRule(policy).emailDomain}` : undefined,
    maxBytes: perPage === 1 ? maxBytesOfOne : maxBytes,
  };
  try {
    const listed = await identity.listUsers(request, run.operatorToken, run.listSignal());
    return listed === 'too_large' ? undefined : listed;
  } catch (error) {
    if (!(error instanceof DaypassError) || error.code !== 'identity_unavailable' || run.isOver) throw error;
    if (perPage > 1) return undefined;
    const probe = { ...request, page: emptyPage, maxBytes };
    const empty = await identity.listUsers(probe, run.operatorToken, run.listSignal());
    if (empty === 'too_large') throw error;
    return empty === 'no_filter' ? empty : undefined;
  }
}

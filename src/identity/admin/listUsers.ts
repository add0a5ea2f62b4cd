import { ConfigurationError } from '../../protocol/error.ts';
import { assertKnownKeys } from '../../protocol/knownKeys.ts';
import type { User } from '../events/user.ts';
import { unavailable } from '../transport.ts';
import type { SendAdmin } from './access.ts';
import { readUser } from './readUser.ts';

export interface ListOptions {
  /**
   * A part of the e-mail or of `userMetadata.full_name`; `%` and `_` stand for any text and any character, and case
   * does not count (SQL's LIKE on MySQL). Default: everybody.
   */
  filter?: string;
  /** By the time of creation, to the second. Default: `oldest` first. */
  order?: 'oldest' | 'newest';
  /** Users a request, 1 to 1000. Default 100. */
  perPage?: number;
}

export interface UserPage {
  /** As many as were asked for; fewer on the last page, and of a server that caps its pages. */
  users: User[];
  /** Users on all pages. */
  total: number;
}

const maxPerPage = 1000;

const listFields = ['filter', 'order', 'perPage'];

/**
 * @param what names the options in the error
 * @throws {ConfigurationError} a TypeError: an option makes no sense, or is none
 */
export function checkListOptions(what: string, options: ListOptions, more: readonly string[] = []): void {
  assertKnownKeys(what, options, [...listFields, ...more]);
  const { filter = '', order = 'oldest', perPage = 100 } = options;
  const problems: string[] = [];
  if (typeof filter !== 'string') problems.push('filter must be a text.');
  if (order !== 'oldest' && order !== 'newest') problems.push('order must be oldest or newest.');
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > maxPerPage) {
    problems.push(`perPage must be a whole number from 1 to ${maxPerPage}.`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/**
 * One page of the list.
 * @param page from 1
 * @throws {ConfigurationError} a TypeError: an option makes no sense, or is none
 */
export async function listPage(
  send: SendAdmin,
  options: ListOptions & { page?: number } = {},
): Promise<UserPage> {
  checkListOptions('A page of users', options, ['page']);
  const { filter = '', order = 'oldest', perPage = 100, page = 1 } = options;
  if (!Number.isSafeInteger(page) || page < 1) {
    throw new ConfigurationError(['page must be a whole number from 1.']);
  }
  const query = new URLSearchParams({ page: String(page), per_page: String(perPage) });
  query.set('sort', `created_at ${order === 'oldest' ? 'asc' : 'desc'}`);
  if (filter !== '') query.set('filter', filter);

  const { body, headers } = await send({ method: 'GET', path: `/admin/users?${query}` });
  const users = (body as { users?: unknown } | null)?.users;
  const total = headers.get('x-total-count') ?? '';
  if (!Array.isArray(users) || !/^\d+$/.test(total)) throw unavailable('no list of GoTrue');
  return { users: users.map(readUser), total: Number(total) };
}

/**
 * All users, page by page, each once, up to the total that Identity names or to an empty page. Deleting some meanwhile moves
 * the others up, onto pages that were read already: those are read again, backwards, so that nobody is skipped, though such
 * users come late. Only where as many sign up as are deleted between two pages, nothing tells, and one may be missed.
 */
export async function* listUsers(send: SendAdmin, options: ListOptions = {}): AsyncGenerator<User, void> {
  let { perPage = 100 } = options;
  const seen = new Set<string>();
  const unseen = (users: User[]) => users.filter(({ id }) => !seen.has(id) && seen.add(id));
  let total = 0;
  for (let page = 1; ; ) {
    const current = await listPage(send, { ...options, perPage, page });
    yield* unseen(current.users);
    const pagesMoved = Math.ceil((total - current.total) / perPage);
    for (let back = 1; back <= pagesMoved && back < page; back += 1) {
      yield* unseen((await listPage(send, { ...options, perPage, page: page - back })).users);
    }
    total = current.total;
    const given = current.users.length;
    const end = (page - 1) * perPage + given;
    if (given === 0 || end >= total) return;
    // Another number than was asked for, and not the last page: a server that caps its pages, or has a size of its own. It may
    // count them by either size, so pages of the size that it gave are right by both. The one that holds the next user may
    // begin before that user.
    perPage = Math.min(given, maxPerPage);
    page = Math.floor(end / perPage) + 1;
  }
}

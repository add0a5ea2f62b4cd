import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { pageLinks, readPage, readSort } from './paging.ts';
import type { Parts } from './parts.ts';
import { audienceOf } from './request.ts';
import { requireOperator } from './requireOperator.ts';
import type { User } from './users.ts';

/** `GET /admin/users`: the users of one audience, newest first unless asked otherwise. */
export async function listUsers(parts: Parts, c: Context): Promise<Response> {
  const claims = await requireOperator(parts, c);
  const url = new URL(c.req.url);
  const aud = audienceOf(parts, c, claims);
  const { page, perPage } = orBadRequest('Bad Pagination Parameters', () => readPage(url.searchParams));
  const sort = orBadRequest('Bad Sort Parameters', () => readSort(url.searchParams));
  const filter = url.searchParams.get('filter') ?? '';
  if (filter !== '' && parts.settings.filter === 'mariadb') {
    throw new HttpError(500, 'Database error finding users');
  }

  const pattern = filter === '' ? undefined : likePattern(filter);
  const found = parts.users.all().filter((user) => user.aud === aud && (!pattern || contains(user, pattern)));
  found.sort((a, b) => compare(a, b, sort));
  const start = (page - 1) * perPage;
  const users = found.slice(start, start + perPage).map(describeUser);

  const response = answerJson({ aud, users });
  response.headers.set('x-total-count', String(found.length));
  response.headers.set('link', pageLinks(url, { page, perPage }, found.length));
  return response;
}

// Rows of one second come in the order of their keys.
function compare(a: User, b: User, sort: 'asc' | 'desc'): number {
  if (a.createdAt === b.createdAt) return a.id < b.id ? -1 : 1;
  return a.createdAt < b.createdAt === (sort === 'asc') ? -1 : 1;
}

// SQL's `LIKE '%text%'` under MySQL's own collation: case does not count, `%` is any text and `_` any character.
function likePattern(text: string): RegExp {
  const literal = text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(literal.replaceAll('%', '.*').replaceAll('_', '.'), 'isu');
}

function contains(user: User, pattern: RegExp): boolean {
  const name = user.userMetadata?.full_name;
  return pattern.test(user.email) || (typeof name === 'string' && pattern.test(name));
}

function orBadRequest<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new HttpError(400, `${what}: ${(error as Error).message}`);
  }
}

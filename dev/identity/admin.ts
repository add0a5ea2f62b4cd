import type { Context } from 'hono';
import { answerJson, HttpError } from './answers.ts';
import { callEventAfterCommit } from './events.ts';
import { type Parts, uuidPattern } from './options.ts';
import { audienceOf, bodyOf, requireOperator } from './request.ts';
import { askToConfirm, confirm } from './signUp.ts';
import {
  describeUser,
  fitsColumn,
  hashPassword,
  isTooLongToHash,
  mergeMetadata,
  newUser,
  type User,
} from './users.ts';

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

export interface Page {
  page: number;
  perPage: number;
}

/** @throws Error in the words of Go's number parser */
export function readPage(query: URLSearchParams): Page {
  return { page: readCount(query.get('page')) || 1, perPage: readCount(query.get('per_page')) || 50 };
}

/** @throws Error in GoTrue's words when the sort is by anything but `created_at asc` or `created_at desc` */
export function readSort(query: URLSearchParams): 'asc' | 'desc' {
  const [field, direction = 'desc'] = (query.get('sort') ?? 'created_at').split(' ');
  if (field !== 'created_at') throw new Error(`bad field for sort '${field}'`);
  const lower = direction.toLowerCase();
  if (lower === 'asc' || lower === 'desc') return lower;
  throw new Error(`bad direction for sort '${direction}', only 'asc' and 'desc' allowed`);
}

/** The `Link` header (RFC 8288) of one page of a list. */
export function pageLinks(url: URL, { page, perPage }: Page, total: number): string {
  const last = Math.ceil(total / perPage);
  const links = [];
  if (page < last) links.push(link(url, page + 1, 'next'));
  if (page > 1) links.push(link(url, page - 1, 'prev'));
  links.push(link(url, last, 'last'));
  return links.join(', ');
}

function link(url: URL, page: number, relation: string): string {
  const query = new URLSearchParams(url.searchParams);
  query.set('page', String(page));
  query.sort();
  return `<${url.pathname}?${query}>; rel="${relation}"`;
}

function readCount(text: string | null): number {
  if (!text) return 0;
  if (!/^\d+$/.test(text))
    throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const fields = {
  aud: 'string',
  role: 'string',
  email: 'string',
  password: 'string',
  confirm: 'bool',
  user_metadata: 'map',
  app_metadata: 'map',
} as const;

/** `POST /admin/users`: no event, no limit; the `app_metadata` of the body is ignored. */
export async function createUser(parts: Parts, c: Context): Promise<Response> {
  const claims = await requireOperator(parts, c);
  const { clock, users } = parts;
  const params = await readBody(c);
  const { email, password } = params;
  const aud = params.aud || audienceOf(parts, c, claims);
  if (email === '') throw new HttpError(422, 'An email address is required');
  if (users.findByEmail(email, aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  if (isTooLongToHash(password)) throw new HttpError(500, 'Error creating user');
  const created = {
    ...newUser({ email, password, aud, userMetadata: params.user_metadata }, clock),
    role: params.role,
  };
  const user = params.confirm ? confirm(created, clock) : askToConfirm(created, clock);
  if (!fitsColumn(email)) throw new HttpError(500, 'Database error creating new user');
  await parts.untilCommit();
  users.insert(user);
  return answerJson(describeUser(user));
}

/** `GET /admin/users/{id}` */
export async function showUser(parts: Parts, c: Context): Promise<Response> {
  return answerJson(describeUser(await loadUser(parts, c)));
}

/** `PUT /admin/users/{id}` */
export async function updateUser(parts: Parts, c: Context): Promise<Response> {
  const { clock } = parts;
  let user = await loadUser(parts, c);
  const params = await readBody(c);
  if (params.confirm) user = confirm(user, clock);
  if (isTooLongToHash(params.password) || !fitsColumn(params.email)) {
    throw new HttpError(500, 'Error updating user');
  }
  user = {
    ...user,
    role: params.role || user.role,
    passwordHash: params.password ? hashPassword(params.password) : user.passwordHash,
    email: params.email || user.email,
    appMetadata: mergeMetadata(user.appMetadata, params.app_metadata),
    userMetadata: mergeMetadata(user.userMetadata, params.user_metadata),
    updatedAt: clock.microTime(),
  };
  await parts.untilCommit();
  parts.users.update(user);
  const answered = await callEventAfterCommit(parts, 'usermodified', user);
  if (answered !== user) parts.users.update(answered);
  return answerJson(describeUser(answered));
}

/** `DELETE /admin/users/{id}`: each caller that read the row in time gets the answer that it was deleted. */
export async function deleteUser(parts: Parts, c: Context): Promise<Response> {
  const user = await loadUser(parts, c);
  await parts.untilCommit();
  parts.users.delete(user.id);
  parts.refreshTokens.forget(user.id);
  // The answer waits for the site all the same, for up to three deadlines.
  await callEventAfterCommit(parts, 'userdeleted', user);
  return answerJson({});
}

function readBody(c: Context) {
  return bodyOf(c, 'Could not decode admin user params', 'adminUserParams', fields);
}

async function loadUser(parts: Parts, c: Context): Promise<User> {
  await requireOperator(parts, c);
  const id = c.req.param('id') ?? '';
  if (!uuidPattern.test(id)) throw new HttpError(400, 'user_id must be an UUID');
  const user = parts.users.get(id.toLowerCase());
  if (!user) throw new HttpError(404, 'User not found');
  return user;
}

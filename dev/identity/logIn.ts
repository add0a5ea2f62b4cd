import type { Context } from 'hono';
import { answerJson, clearCookie, HttpError, OAuthError } from './answers.ts';
import type { Clock } from './clock.ts';
import { callEvent } from './events.ts';
import type { Parts, Settings } from './options.ts';
import { audienceOf, bodyOf, claimsOf, isAdmin, userOfClaims } from './request.ts';
import { mailedToken, requireFresh } from './tokens.ts';
import {
  describeUser,
  hashPassword,
  isTooLongToHash,
  mergeMetadata,
  passwordMatches,
  type User,
} from './users.ts';

/** `POST /token` (RFC 6749 sections 4.3 and 6). */
export async function issueToken(parts: Parts, c: Context): Promise<Response> {
  const form = await readForm(c);
  const field = (name: string) => form.get(name) ?? '';
  switch (field('grant_type')) {
    case 'password':
      return grantForPassword(parts, c, field('username'), field('password'));
    case 'refresh_token':
      return grantForRefreshToken(parts, field('refresh_token'));
    default:
      throw new OAuthError('unsupported_grant_type');
  }
}

/** What a client gets once it has proved whose it is. */
export async function answerTokens(parts: Parts, user: User, refreshToken: string): Promise<Response> {
  return answerJson({
    access_token: await parts.accessTokens.sign(user),
    token_type: 'bearer',
    expires_in: parts.settings.accessTokenTtlSeconds,
    refresh_token: refreshToken,
  });
}

async function grantForPassword(parts: Parts, c: Context, email: string, password: string) {
  const user = parts.users.findByEmail(email, audienceOf(parts, c));
  if (user && !user.confirmedAt) throw new OAuthError('invalid_grant', 'Email not confirmed');
  if (!user || !passwordMatches(password, user.passwordHash)) {
    throw new OAuthError('invalid_grant', 'No user found with that email, or password invalid.');
  }
  const answered = await callEvent(parts, 'login', user);
  await parts.untilCommit();
  if (answered !== user) parts.users.update(answered);
  return answerTokens(parts, answered, parts.refreshTokens.grant(user.id));
}

async function grantForRefreshToken(parts: Parts, text: string) {
  if (text === '') throw new OAuthError('invalid_request', 'refresh_token required');
  const token = parts.refreshTokens.get(text);
  const user = token && parts.users.get(token.userId);
  if (!token || !user) throw new OAuthError('invalid_grant', 'Invalid Refresh Token');
  if (token.revoked) throw new OAuthError('invalid_grant', 'Invalid Refresh Token', { clearsCookie: true });
  await parts.untilCommit();
  return answerTokens(parts, user, parts.refreshTokens.swap(token));
}

// As Go reads a form: fields of the body, where it is one, before those of the query.
async function readForm(c: Context): Promise<URLSearchParams> {
  const fields = await readFields(c).catch(() => new FormData());
  const body = [...fields].map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams([...body, ...new URL(c.req.url).searchParams]);
}

async function readFields(c: Context): Promise<FormData> {
  const type = c.req.header('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return c.req.raw.formData();
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)/.exec(type)?.[1];
  if (boundary === undefined) return new FormData();
  // Node refuses boundaries of fewer than 27 characters, which RFC 2046 §5.1.1 allows.
  const long = `${'-'.repeat(27)}${boundary}`;
  const body = (await c.req.text()).replaceAll(`--${boundary}`, `--${long}`);
  return new Response(body, {
    headers: { 'content-type': `multipart/form-data; boundary=${long}` },
  }).formData();
}

/**
 * A token bucket for each caller, full at first and refilled evenly over the window.
 * @returns a check that throws HttpError 429 when the caller has none left
 */
export function createTokenLimit({ tokenLimit }: Settings, clock: Clock): (c: Context) => void {
  if (!tokenLimit) return () => {};
  const { limit, windowSeconds, callerHeader } = tokenLimit;
  const perMillisecond = limit / (windowSeconds * 1000);
  const buckets = new Map<string, { left: number; atMilliseconds: number }>();

  return (c) => {
    const caller = c.req.header(callerHeader) ?? '';
    const atMilliseconds = clock.milliseconds();
    const before = buckets.get(caller) ?? { left: limit, atMilliseconds };
    const left = Math.min(limit, before.left + (atMilliseconds - before.atMilliseconds) * perMillisecond);
    buckets.set(caller, { left: left >= 1 ? left - 1 : left, atMilliseconds });
    if (left < 1) throw new HttpError(429, 'Rate limit exceeded');
  };
}

/** `POST /logout`: ends the user's refresh tokens. Access tokens live on. */
export async function logOut(parts: Parts, c: Context): Promise<Response> {
  const user = userOfClaims(parts, await claimsOf(parts, c));
  if (!user) throw new HttpError(401, 'Invalid user', { clearsCookie: true });
  parts.refreshTokens.forget(user.id);
  const response = new Response(null, { status: 204 });
  clearCookie(response.headers, parts.clock.milliseconds());
  return response;
}

/** `GET /user` */
export async function showOwnUser(parts: Parts, c: Context): Promise<Response> {
  const claims = await claimsOf(parts, c);
  const user = userOfClaims(parts, claims);
  if (audienceOf(parts, c, claims) !== claims.aud) {
    throw new HttpError(400, "Token audience doesn't match request audience");
  }
  if (!user) throw new HttpError(404, 'User not found');
  return answerJson(describeUser(user));
}

/** `PUT /user`: own data, password and e-mail. No event is sent. */
export async function updateOwnUser(parts: Parts, c: Context): Promise<Response> {
  const { clock, users } = parts;
  const claims = await claimsOf(parts, c);
  const params = await bodyOf(c, 'Could not read User Update params', 'UserUpdateParams', {
    email: 'string',
    password: 'string',
    email_change_token: 'string',
    data: 'map',
    app_metadata: 'map',
  });
  const user = userOfClaims(parts, claims);
  if (!user) throw new HttpError(404, 'User not found');
  if (params.app_metadata && !isAdmin(parts, user))
    throw new HttpError(401, 'Updating app_metadata requires admin privileges');

  let updated: User = { ...user, userMetadata: mergeMetadata(user.userMetadata, params.data) };
  if (params.app_metadata) {
    updated = { ...updated, appMetadata: mergeMetadata(user.appMetadata, params.app_metadata) };
  }
  if (isTooLongToHash(params.password)) throw new HttpError(500, 'Error during password storage');
  if (params.password) updated = { ...updated, passwordHash: hashPassword(params.password) };
  if (params.email_change_token) updated = changeEmail(updated, params.email_change_token, clock);
  else if (params.email && params.email !== user.email) updated = askToChange(parts, updated, params.email);
  if (params.data || params.app_metadata || params.password || updated.newEmail !== user.newEmail) {
    updated = { ...updated, updatedAt: clock.microTime() };
  }
  await parts.untilCommit();
  users.update(updated);
  return answerJson(describeUser(updated));
}

function askToChange({ users, clock }: Parts, user: User, email: string): User {
  if (users.findByEmail(email, user.aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  return { ...user, newEmail: email, emailChangeToken: mailedToken(), emailChangeSentAt: clock.nanoTime() };
}

function changeEmail(user: User, token: string, clock: Clock): User {
  if (token !== user.emailChangeToken) {
    throw new HttpError(401, "Email Change Token didn't match token on file");
  }
  requireFresh('Email change', user.emailChangeSentAt, clock);
  return { ...user, email: user.newEmail, newEmail: '', emailChangeToken: '' };
}

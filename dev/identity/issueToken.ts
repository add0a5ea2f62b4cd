import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { OAuthError } from './errors.ts';
import { callEvent } from './events.ts';
import type { Parts } from './parts.ts';
import { passwordMatches } from './passwords.ts';
import { audienceOf } from './request.ts';
import type { User } from './users.ts';

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
  const told = await callEvent(parts, 'login', user);
  await parts.untilCommit();
  if (told !== user) parts.users.update(told);
  return answerTokens(parts, told, parts.refreshTokens.grant(user.id));
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

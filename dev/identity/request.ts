import type { Context } from 'hono';
import { HttpError } from './answers.ts';
import { type Parts, uuidPattern } from './options.ts';
import type { Claims } from './tokens.ts';
import type { Metadata, User } from './users.ts';

const bearerPattern = /^[Bb]earer (\S+)$/;

/** @throws HttpError 401 when the request has no bearer token */
export function bearerOf(c: Context, { clearsCookie }: { clearsCookie: boolean }): string {
  const token = bearerPattern.exec(c.req.header('authorization') ?? '')?.[1];
  if (token === undefined) {
    throw new HttpError(401, 'This endpoint requires a Bearer token', { clearsCookie });
  }
  return token;
}

/** @throws HttpError 401 without a valid access token */
export function claimsOf({ accessTokens }: Parts, c: Context): Promise<Claims> {
  return accessTokens.read(bearerOf(c, { clearsCookie: true }));
}

/** The user that a token speaks of, if still there. */
export function userOfClaims({ users }: Parts, claims: Claims): User | undefined {
  if (!uuidPattern.test(claims.sub)) throw new HttpError(400, 'Could not read User ID claim');
  return users.get(claims.sub.toLowerCase());
}

/** The audience that a request is about: its header's, else its token's, else the server's own. */
export function audienceOf({ settings }: Parts, c: Context, claims?: Claims): string {
  return c.req.header('x-jwt-aud') || claims?.aud || settings.audience;
}

/** @throws HttpError 400 with the given words before Go's own when the body cannot be read */
export async function bodyOf<const F extends Parameters<typeof readParams>[2]>(
  c: Context,
  fault: string,
  struct: string,
  fields: F,
) {
  // Go does not skip a byte order mark, as `text()` does.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await c.req.arrayBuffer());
  try {
    return readParams(text, struct, fields);
  } catch (error) {
    throw new HttpError(400, `${fault}: ${(error as Error).message}`);
  }
}

/**
 * Lets the operator pass, and users of the admin group.
 * @returns the claims of the user's token; undefined for the operator
 * @throws HttpError 401 for anyone else; a user's valid token gets another answer than a bad one
 */
export async function requireOperator(parts: Parts, c: Context): Promise<Claims | undefined> {
  const token = bearerOf(c, { clearsCookie: false });
  if (token === parts.settings.operatorToken) return undefined;
  const claims = await parts.accessTokens.read(token);
  const user = userOfClaims(parts, claims);
  if (user && isAdmin(parts, user)) return claims;
  throw new HttpError(401, 'User not allowed');
}

/** GoTrue looks at `role`, a field of the user's own, and not at the roles in `app_metadata`. */
export function isAdmin({ settings }: Parts, user: User): boolean {
  return user.aud === settings.audience && user.role === settings.adminGroup;
}

// Go's encoding/json, as far as a caller can tell it from others: keys match without regard to case, a later
// key wins, null sets nothing, unknown keys are ignored, and the messages are its own.

type Kind = 'string' | 'bool' | 'map';
type Value<K extends Kind> = K extends 'string' ? string : K extends 'bool' ? boolean : Metadata | null;
type Params<F extends Record<string, Kind>> = { -readonly [N in keyof F]: Value<F[N]> };

const zero = { string: '', bool: false, map: null };
const goType = { string: 'string', bool: 'bool', map: 'map[string]interface {}' };

/**
 * Reads a JSON body into the fields of one of GoTrue's structs.
 * @throws Error with Go's message when the body is no JSON or of the wrong type
 */
export function readParams<const F extends Record<string, Kind>>(
  text: string,
  struct: string,
  fields: F,
): Params<F> {
  const body = parse(text);
  const members = Object.entries(fields).map(([name, kind]) => ({
    name,
    kind,
    pattern: foldedPattern(name),
  }));
  const params: Record<string, unknown> = {};
  for (const { name, kind } of members) params[name] = zero[kind];
  if (body === null) return params as Params<F>;
  if (kindOf(body) !== 'object') {
    throw new Error(`json: cannot unmarshal ${kindOf(body)} into Go value of type api.${struct}`);
  }
  for (const [key, value] of Object.entries(body)) {
    const member = members.find(({ pattern }) => pattern.test(key));
    if (!member || value === null) continue;
    const { name, kind } = member;
    if (!fits(value, kind)) {
      throw new Error(
        `json: cannot unmarshal ${kindOf(value)} into Go struct field ${struct}.${name} of type ${goType[kind]}`,
      );
    }
    params[name] = value;
  }
  return params as Params<F>;
}

function parse(text: string): object | null {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    // Go's decoder reads one value, and does not look at what comes behind.
    const end = /^Unexpected non-whitespace character after JSON at position (\d+)/.exec(message)?.[1];
    if (end !== undefined) return JSON.parse(text.slice(0, Number(end)));
    throw new Error(syntaxFault(text, message));
  }
}

function syntaxFault(text: string, message: string): string {
  if (text.trim() === '') return 'EOF';
  const position = /at position (\d+)/.exec(message)?.[1];
  const ended = position === undefined ? message.includes('end of JSON') : Number(position) >= text.length;
  if (ended || message.startsWith('Unterminated')) return 'unexpected EOF';
  const character = /^Unexpected token '(.+?)'/su.exec(message)?.[1] ?? text[Number(position)];
  return `invalid character '${firstByteOf(character)}' looking for beginning of value`;
}

/** Go goes by bytes, and shows one beyond ASCII as the character of that number. */
function firstByteOf(character = ''): string {
  return String.fromCharCode(Buffer.from(character)[0] ?? 0);
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind === 'map') return kindOf(value) === 'object';
  return kindOf(value) === kind;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

// With both flags a pattern compares by Unicode's simple folding, as Go does: the long s is an s there too.
function foldedPattern(name: string): RegExp {
  return new RegExp(`^${name}$`, 'iu');
}

import type { RequestBodies } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';
import { accessTokenType, isScope, jwtTokenType, tokenExchangeGrant } from '../protocol/messages.ts';
import { hasBearer, readBearer } from '../token/bearer.ts';
import { type ParsedToken, parseToken } from '../token/verify.ts';

/** A request to `/session/token`. */
export type TokenRequest = ExchangeRequest | RenewalRequest;

export interface ExchangeRequest extends GrantRequest {
  kind: 'exchange';
  identityToken: IdentityToken;
}

export interface RenewalRequest extends GrantRequest {
  kind: 'renewal';
  /** As it came: verifying it parses it. */
  accessToken: string;
}

interface GrantRequest {
  audience: string | undefined;
  scopes: readonly string[] | undefined;
}

/** An Identity token, parsed and not yet verified. */
export interface IdentityToken extends ParsedToken {
  /** As it came. */
  readonly compact: string;
}

/**
 * Reads a request to `/session/token`: the form of RFC 8693 §2.1, or the short form, an Identity token as Bearer (or in
 * `X-Daypass`, at a site with a password) without a body.
 * @throws {DaypassError} see `readForm` and `readBearer`; `unsupported_grant_type`, `unsupported_token_type`,
 * `missing_parameter`, `malformed_request`, `invalid_target`, `invalid_scope`, `subject_token_malformed`,
 * `token_repeated`
 */
export async function readTokenRequest(request: Request, bodies: RequestBodies): Promise<TokenRequest> {
  const body = await readFormBody(request, bodies);
  if (isShortForm(request, body)) return readShortForm(request, body);
  return readExchangeForm(parseForm(body, request.headers.get('content-type')));
}

/**
 * Whether the caller chose the short form, and so gets its errors by RFC 6750. Schemes other than Bearer are ignored:
 * clients are public here, and a browser sends Basic by itself to a site with a password.
 */
export function isShortForm(request: Request, body?: Uint8Array): boolean {
  return request.method === 'GET' || hasBearer(request.headers) || body?.length === 0;
}

function readShortForm(request: Request, body: Uint8Array): TokenRequest {
  // RFC 6750 §2: a client sends its token in one way only.
  if (body.length > 0)
    throw new DaypassError('malformed_request', { detail: 'Send a Bearer token or a form, not both.' });
  const identityToken = parseIdentityToken(readBearer(request));
  return { kind: 'exchange', identityToken, audience: undefined, scopes: undefined };
}

function readExchangeForm(form: Form): TokenRequest {
  const grantType = required(form, 'grant_type');
  if (grantType !== tokenExchangeGrant) throw new DaypassError('unsupported_grant_type');
  const token = required(form, 'subject_token');
  const tokenType = required(form, 'subject_token_type');
  if (tokenType !== jwtTokenType && tokenType !== accessTokenType)
    throw new DaypassError('unsupported_token_type');
  const requested = form.get('requested_token_type');
  if (requested !== undefined && requested !== accessTokenType) {
    throw new DaypassError('malformed_request', {
      detail: `requested_token_type can only be ${accessTokenType}.`,
    });
  }
  if (form.has('actor_token') || form.has('actor_token_type')) {
    throw new DaypassError('malformed_request', { detail: 'actor_token is not supported.' });
  }
  // RFC 8693 §2.1: our backends have logical names only.
  if (form.has('resource'))
    throw new DaypassError('invalid_target', { detail: 'Name the target by audience, not by resource.' });
  const requestedToken =
    tokenType === jwtTokenType
      ? { kind: 'exchange' as const, identityToken: parseIdentityToken(token) }
      : { kind: 'renewal' as const, accessToken: token };
  return { ...requestedToken, audience: form.get('audience'), scopes: readScopes(form.get('scope')) };
}

/** Parses an Identity token, once. A malformed one is refused before any limit is counted. */
function parseIdentityToken(compact: string): IdentityToken {
  const parsed = parseToken(compact);
  if (!parsed) throw new DaypassError('subject_token_malformed');
  return { compact, ...parsed };
}

/** RFC 6749 §3.3. */
function readScopes(scope: string | undefined): readonly string[] | undefined {
  if (scope === undefined) return undefined;
  const scopes = scope.split(' ');
  if (!scopes.every(isScope)) throw new DaypassError('invalid_scope');
  return [...new Set(scopes)];
}

/** Longest body that any endpoint of the broker reads. */
const maxBodyBytes = 8192;

/** The parameters of a form, each given once and not empty. */
export type Form = ReadonlyMap<string, string>;

/** @throws {DaypassError} `missing_parameter` */
export function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new DaypassError('missing_parameter', { detail: `${name} is missing.` });
  return value;
}

/**
 * Reads a whole body of at most 8192 bytes.
 * @throws {DaypassError} `body_too_large`, `request_timeout`, `body_budget_exhausted`; `malformed_request` when the
 * caller disconnected
 */
export async function readFormBody(request: Request, bodies: RequestBodies): Promise<Uint8Array> {
  const body = bodies.open(request);
  try {
    const fits = (body.declaredBytes ?? 0) <= maxBodyBytes && (await body.gather(maxBodyBytes));
    if (!fits) throw new DaypassError('body_too_large');
    return new Uint8Array(await new Blob(body.gathered()).arrayBuffer());
  } finally {
    body.close();
  }
}

/**
 * Reads an `application/x-www-form-urlencoded` body (RFC 6749 appendix B).
 * @throws {DaypassError} see `readFormBody`; `unsupported_content_type`, `malformed_request` for what is not UTF-8,
 * `repeated_parameter` (RFC 6749 §3.2)
 */
export async function readForm(request: Request, bodies: RequestBodies): Promise<Form> {
  return parseForm(await readFormBody(request, bodies), request.headers.get('content-type'));
}

/** The same for a body that was read already. */
export function parseForm(body: Uint8Array, contentType: string | null): Form {
  const form = new Map<string, string>();
  for (const [name, value] of readPairs(body, contentType)) {
    if (form.has(name)) throw new DaypassError('repeated_parameter');
    form.set(name, value);
  }
  // RFC 6749 §3.2: a parameter without a value counts as left out.
  for (const [name, value] of form) if (value === '') form.delete(name);
  return form;
}

/**
 * The parameters as they came, for forms in which one may be repeated.
 * @throws {DaypassError} `unsupported_content_type`, `malformed_request`
 */
export function readPairs(body: Uint8Array, contentType: string | null): [name: string, value: string][] {
  const [mediaType, ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaType?.trim() !== 'application/x-www-form-urlencoded' || !isUtf8) {
    throw new DaypassError('unsupported_content_type');
  }
  const pairs = [...new URLSearchParams(decode(body))];
  // URLSearchParams writes U+FFFD for what was not UTF-8; none of our parameters holds one.
  if (pairs.flat().some((text) => text.includes('\ufffd'))) throw new DaypassError('malformed_request');
  return pairs;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new DaypassError('malformed_request', { cause });
  }
}

import { createHmac } from 'node:crypto';
import { issuer, now, secret } from './setting.ts';

// Makes tokens by hand: what an issuer with a bug, or an attacker who has a key, could send. Shares no code with
// what it tests.

/** A part of a token before base64url: JSON text, bytes, or the members of an object. */
export type Part = string | Uint8Array | Record<string, unknown>;

/** The first 8 characters of base64url(HMAC-SHA256(secret, "daypass kid")). */
export function keyId(key: string | Uint8Array): string {
  return createHmac('sha256', key).update('daypass kid').digest('base64url').slice(0, 8);
}

export const goodHeader = { alg: 'HS256', typ: 'JWT', kid: keyId(secret) };

/** The claims of a token that every verifier accepts at `now`. */
export const goodClaims = {
  iss: issuer,
  sub: 'anon_Q2Vudm9sLVN1bXBmLTEyMw',
  aud: 'api',
  iat: now,
  exp: now + 300,
  jti: 'c29tZS1yYW5kb20tYnl0ZX',
  auth_time: now,
  scope: '',
  deploy_context: 'production',
};

export function encode(part: Part): string {
  const content = typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part);
  return Buffer.from(content).toString('base64url');
}

/** HMAC over two parts as they stand, whatever they are. */
export function signEncoded(
  header: string,
  claims: string,
  key: string | Uint8Array = secret,
  hash = 'sha256',
): string {
  const input = `${header}.${claims}`;
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
}

export function sign(header: Part, claims: Part, key: string | Uint8Array = secret, hash = 'sha256'): string {
  return signEncoded(encode(header), encode(claims), key, hash);
}

/** A good token but for some header members; `undefined` leaves one out. */
export function withHeader(changes: Record<string, unknown>): string {
  return sign({ ...goodHeader, ...changes }, goodClaims);
}

/**
 * A good token but for some claims; `undefined` leaves one out. Its session begins with it unless `auth_time` says
 * otherwise.
 */
export function withClaims(changes: Record<string, unknown>): string {
  const session = typeof changes.iat === 'number' ? { auth_time: changes.iat } : {};
  return sign(goodHeader, { ...goodClaims, ...session, ...changes });
}

/** A good token but for one claim, whose value is JSON text as it stands. */
export function withRawClaim(name: string, json: string): string {
  return sign(goodHeader, rawMember(goodClaims, name, json));
}

/** JSON text of an object with one member set to JSON text as it stands. */
export function rawMember(members: object, name: string, json: string): string {
  const others = Object.entries(members).filter(([other]) => other !== name);
  return `{${[...others.map(([key, value]) => member(key, JSON.stringify(value))), member(name, json)].join(',')}}`;
}

function member(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`;
}

/** Good claims signed by another key, under its own id or another. */
export function signedBy(key: string | Uint8Array, kid = keyId(key)): string {
  return sign({ ...goodHeader, kid }, goodClaims, key);
}

/** A token that every verifier accepts: the start of most attacks on one. */
export const goodToken = sign(goodHeader, goodClaims);

/** The three parts of a token. */
export function partsOf(token: string): [string, string, string] {
  return token.split('.') as [string, string, string];
}

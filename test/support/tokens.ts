import { base64url } from 'jose';
import { createKeyRing } from '../../src/token/keys.ts';

// Secrets, times and tokens that the tests of several folders share. Pure: runs on Node and on Deno.

export const secret = 'u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3a-first';
export const otherSecret = 'k9WfR2tYq6pM3xN8bV1zA5gH7jL4cS0e-other';
export const privateSecret = 'h3NcK8vTz1qR6yW5mX2bP9dF4gJ7sL0a-private';

export const issuer = 'https://site.example';
export const now = 1_800_000_000;
export const subject = 'anon_AAAAAAAAAAAAAAAAAAAAAA';

export const ring = await createKeyRing({ audience: 'api', secret });

/** The claims of a token that every verifier takes at `now`. */
export const goodClaims = {
  iss: issuer,
  sub: subject,
  aud: 'api',
  iat: now,
  exp: now + 300,
  jti: 'AAAAAAAAAAAAAAAAAAAAAA',
  auth_time: now - 7200,
  scope: '',
  deploy_context: 'production',
};

export const goodHeader = { alg: 'HS256', typ: 'JWT', kid: ring.primary.id };

/** base64url of a text, or of the JSON of anything else. */
export function encode(value: unknown): string {
  return base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Signs any two parts with HMAC-SHA256: what an attacker with the key, or a buggy issuer, could send. */
export async function sign(header: unknown, claims: unknown, key: string = secret): Promise<string> {
  const input = `${encode(header)}.${encode(claims)}`;
  const bytes = new TextEncoder().encode(key);
  const imported = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const signature = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(input));
  return `${input}.${base64url.encode(new Uint8Array(signature))}`;
}

import { base64url } from 'jose';

/** 128 random bits as 22 base64url characters. */
export function randomId(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(16)));
}

/** A new session's `sub`. */
export function newSubject(): string {
  return `anon_${randomId()}`;
}

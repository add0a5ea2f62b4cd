import { createHash, randomBytes } from 'node:crypto';

// One cheap round: these passwords are of a development server and live in memory.

export function hashPassword(password: string): string {
  return digest(randomBytes(8).toString('hex'), password);
}

/** bcrypt refuses more (golang.org/x/crypto/bcrypt). */
const maxBytes = 72;

export function isTooLongToHash(password: string): boolean {
  return Buffer.byteLength(password) > maxBytes;
}

export function passwordMatches(password: string, hash: string): boolean {
  const [salt = ''] = hash.split(':');
  return digest(salt, password) === hash;
}

function digest(salt: string, password: string): string {
  return `${salt}:${createHash('sha256').update(salt).update(password).digest('hex')}`;
}

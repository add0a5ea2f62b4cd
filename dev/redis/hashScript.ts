import { createHash } from 'node:crypto';

/** The name that Redis gives a script: SHA-1 in lower-case hex. */
export function hashScript(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}

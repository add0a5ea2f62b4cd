import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Parts } from './parts.ts';

/** The `x-webhook-signature` of an event call: a JWS over the hash of its body. */
export function signEvent({ settings, clock }: Parts, body: string): Promise<string> {
  const claims = {
    iss: 'gotrue',
    sub: settings.instanceId,
    iat: clock.seconds(),
    sha256: createHash('sha256').update(body).digest('hex'),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(settings.jwtSecret));
}

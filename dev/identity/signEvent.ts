import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Parts } from './parts.ts';

/** What a signature needs of them. */
export type Signer = {
  settings: Pick<Parts['settings'], 'instanceId' | 'webhookSecret'>;
  clock: Pick<Parts['clock'], 'seconds'>;
};

/** The `x-webhook-signature` of an event call: a JWS over the hash of its body. */
export function signEvent({ settings, clock }: Signer, body: string): Promise<string> {
  const claims = {
    iss: 'gotrue',
    sub: settings.instanceId,
    iat: clock.seconds(),
    sha256: createHash('sha256').update(body).digest('hex'),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(settings.webhookSecret));
}

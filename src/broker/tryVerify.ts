import { acceptedContexts } from '../policy/acceptedContexts.ts';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from '../token/accessToken.ts';
import type { KeyRing } from '../token/keyRing.ts';
import { verifyToken } from '../token/verify.ts';
import type { BrokerDependencies } from './dependencies.ts';

/** Verifies an access token where a refused one is an answer, not an error: undefined then. */
export async function tryVerify(
  broker: BrokerDependencies,
  token: string,
  keyRing: () => KeyRing,
  expiredGraceSeconds: number,
): Promise<AccessToken | undefined> {
  try {
    return await verifyToken(token, {
      keyRing: keyRing(),
      issuer: broker.issuer,
      deployContexts: acceptedContexts(broker),
      now: broker.now(),
      expiredGraceSeconds,
    });
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}

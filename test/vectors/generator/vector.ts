import type { ErrorCode } from '../../../src/protocol/codes.ts';
import type { DeployContext } from '../../../src/protocol/wire.ts';
import { issuer, now, secret } from './setting.ts';

/** What a verifier knows. */
export interface Setting {
  secret: string;
  /** Verifies too, during a rotation. */
  secondarySecret?: string;
  issuer: string;
  audience: string;
  deployContexts: readonly DeployContext[];
  /** The present, seconds since the epoch. */
  now: number;
}

/** One token, and what every verifier must make of it. */
export interface Vector extends Setting {
  /** Unique; the class of the case stands before the colon. */
  name: string;
  /** What must be true, and who says so: an RFC with its section, or the policy. */
  why: string;
  token: string;
  /** The code of the refusal; null when the token must be accepted. */
  code: RefusalCode | null;
}

/** The codes that a verifier can give. */
export type RefusalCode = Exclude<
  Extract<ErrorCode, `token_${string}`>,
  'token_missing' | 'token_repeated' | 'token_revoked'
>;

const usual: Setting = { secret, issuer, audience: 'api', deployContexts: ['production'], now };

/** A token that every verifier must accept. */
export function accepted(name: string, why: string, token: string, setting: Partial<Setting> = {}): Vector {
  return vector(name, why, token, null, setting);
}

/** A token that every verifier must refuse, with that code. */
export function refused(
  code: RefusalCode,
  name: string,
  why: string,
  token: string,
  setting: Partial<Setting> = {},
): Vector {
  return vector(name, why, token, code, setting);
}

function vector(
  name: string,
  why: string,
  token: string,
  code: RefusalCode | null,
  setting: Partial<Setting>,
): Vector {
  return { name, why, ...usual, ...setting, token, code };
}

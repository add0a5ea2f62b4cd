import type { Log } from '../../src/protocol/log.ts';
import type { DeployContext } from '../../src/protocol/wire.ts';
import type { StackControl } from '../stack/control.ts';
import type { IdentityState } from '../stack/watchIdentity.ts';
import type { LimitsWatch } from './limits.ts';

/** What the attack lab works with: the secrets of the stack that it attacks, so it never leaves this machine. */
export interface LabDependencies {
  /** Where Identity answers: the dev identity or a real GoTrue. */
  identityUrl: string;
  /** Bearer of Identity's admin calls. */
  operatorToken: string;
  /** The secret that the gate verifies tokens of `audience` with. */
  secret: string;
  /** `iss` that the gate expects. */
  issuer: string;
  audience: string;
  /** Scopes that an honest token of that audience carries. */
  scopes: readonly string[];
  deployContext: DeployContext;
  /** Domain of the e-mails of throwaway users. */
  emailDomain: string;
  /** Where the site answers: an origin. */
  siteUrl: string;
  /** The bearer of the broker's addresses for the site's owner. */
  maintenanceBearer: string;
  /** Which Identity there is, and whether it asks the site's event function. */
  describeIdentity(): Promise<IdentityState>;
  /** How the gate counts. */
  limits: Pick<LimitsWatch, 'state'>;
  /** The switches of the stack. */
  stack: StackControl;
  log: Log;
  /** The present, seconds since the epoch. */
  now(): number;
}

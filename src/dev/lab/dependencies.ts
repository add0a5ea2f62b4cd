import type { ThrowawayRule } from '../../identity/throwaway.ts';
import type { DeployContext } from '../../protocol/deployContext.ts';
import type { Log } from '../../protocol/log.ts';

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
  /** Tells throwaway users from members, by the site's policy. */
  throwaway: ThrowawayRule;
  log: Log;
  /** The present, seconds since the epoch. */
  now(): number;
}

import type { FindingId } from '../cli/doctor/findings.ts';
import { backendSetups } from './backend.ts';
import { identitySetups } from './identity.ts';
import { siteSetups } from './site.ts';
import type { Setup } from './support/stand.ts';

/** A set-up, and what doctor has to say of it: that, and nothing else. */
export interface NamedSetup extends Setup {
  readonly name: string;
  /** Undefined where all is well. */
  readonly expected: FindingId | undefined;
  /** Whether `npm test` runs it too: it needs nothing but Node. */
  readonly isQuick?: boolean;
  readonly needs?: 'redis-server' | 'python 3.10';
}

export const setups: readonly NamedSetup[] = [...siteSetups, ...identitySetups, ...backendSetups];

import type { Attack } from './attack.ts';
import { emptyHanded, forged } from './attacks/badTokens.ts';
import { climbingPath } from './attacks/climbingPath.ts';
import { exchangedTwice } from './attacks/exchangedTwice.ts';
import { flood } from './attacks/flood.ts';
import { identityToken } from './attacks/identityToken.ts';
import { memberExchanged } from './attacks/memberExchanged.ts';
import { revokedSession } from './attacks/revokedSession.ts';
import { spoofedAddress } from './attacks/spoofedAddress.ts';

/** The lab's lines, in order. A new attack is one file and one entry here. */
export const attacks: readonly Attack[] = [
  ...emptyHanded,
  ...forged,
  identityToken,
  exchangedTwice,
  memberExchanged,
  revokedSession,
  flood,
  spoofedAddress,
  climbingPath,
];

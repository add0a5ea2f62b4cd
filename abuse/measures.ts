import { addresses } from './addresses.ts';
import { burst } from './burst.ts';
import { ceiling } from './ceiling.ts';
import { chaos } from './chaos.ts';
import { exactLimits } from './exactLimits.ts';
import { floods } from './floods.ts';
import { kills } from './kills.ts';
import { membersUntouched } from './members.ts';
import { neighbours } from './neighbours.ts';
import { proof } from './proof.ts';
import { redis } from './redis.ts';
import { revocation } from './revocation.ts';
import { rotation } from './rotation.ts';
import { seededLimits } from './seededLimits.ts';
import { slowCallers } from './slowCallers.ts';
import type { Measure } from './support/measure.ts';
import { sweep } from './sweep.ts';
import { sweepBesideHeavyUsers } from './sweepBesideHeavyUsers.ts';

/** All of them, in the order in which they run. */
export const measures: readonly Measure[] = [
  proof,
  membersUntouched,
  kills,
  sweep,
  sweepBesideHeavyUsers,
  redis,
  addresses,
  neighbours,
  floods,
  exactLimits,
  burst,
  ceiling,
  seededLimits,
  chaos,
  rotation,
  revocation,
  slowCallers,
];

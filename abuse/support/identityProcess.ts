import '../../test/support/closedNetwork.ts';
import { startDevIdentity } from '../../dev/identity/start.ts';
import { createChance } from '../../test/python/support/chance.ts';
import { generateRow } from './members.ts';

// A process of its own: the dev identity, full of users of every age.

const { CROWD_SEED, CROWD_ORPHANS, CROWD_MEMBERS, CROWD_YOUNG, CROWD_HEAVY, CROWD_HEAVIEST } = process.env;
const chance = createChance(Number(CROWD_SEED));
const identity = await startDevIdentity();
const minute = 60;
const month = 30 * 24 * 3600;

function createdAt(leastSeconds: number, mostSeconds: number): string {
  return new Date(
    Date.now() - (leastSeconds + chance.below(mostSeconds - leastSeconds)) * 1000,
  ).toISOString();
}

let index = 0;
/** Throwaway users that were never exchanged: old ones, and those whose visitors may still be under way. */
function plantThrowaway(count: string | undefined, leastSeconds: number, mostSeconds: number): void {
  for (let left = Number(count); left > 0; left -= 1) {
    index += 1;
    identity.users.plant({
      email: `t${index}@visitor.invalid`,
      createdAt: createdAt(leastSeconds, mostSeconds),
    });
  }
}

for (let left = Number(CROWD_MEMBERS); left > 0; left -= 1) {
  index += 1;
  // Few sites have many members whose e-mails look like ours.
  const row = chance.below(20) === 0 ? generateRow(chance, index) : { email: `m${index}@example.com` };
  identity.users.plant({ ...row, createdAt: createdAt(0, month) });
}
plantThrowaway(CROWD_ORPHANS, 30 * minute, month);
plantThrowaway(CROWD_YOUNG, 0, 15 * minute);

/** Users in front of all others who carry so much metadata: every second one is to be swept, the others stay. */
function plantHeavy(
  count: string | undefined,
  megabytes: number,
  isOrphan: (index: number) => boolean,
): void {
  const userMetadata = { notes: 'x'.repeat(megabytes * 1_000_000) };
  for (let left = Number(count ?? 0); left > 0; left -= 1) {
    index += 1;
    identity.users.plant({
      email: `heavy${index}@visitor.invalid`,
      userMetadata,
      appMetadata: { provider: 'email', ...(!isOrphan(left) && { roles: ['editor'] }) },
      createdAt: createdAt(2 * month, 3 * month),
    });
  }
}
plantHeavy(CROWD_HEAVY, 14, (left) => left % 2 === 0);
plantHeavy(CROWD_HEAVIEST, 40, () => true);
console.log(`ready: ${identity.url} ${identity.operatorToken}`);

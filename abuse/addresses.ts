import type { DevRedis } from '../dev/redis/start.ts';
import { command } from '../test/support/redisParts.ts';
import { type Door, openDoors, throughDoor } from './support/doors.ts';
import { exactly, type Figure } from './support/figures.ts';
import { forgeFields } from './support/forgedFields.ts';
import { inParallel } from './support/inParallel.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import type { Context, Measure } from './support/measure.ts';
import { respell, spellingsOfIpv4 } from './support/spellings.ts';

const limit = 100;
const forgedCalls = 10_000;
/** 2001:db8::/32 and 192.0.2.0/24 are for documents (RFC 3849, RFC 5737). */
const subnet = '2001:db8:1:2';
const neighbour = '2001:db8:1:3';
const ipv4 = '192.0.2.77';

/** Nothing that a caller writes, and no way of writing its address, gives it another bucket. */
export const addresses: Measure = {
  name: 'addresses',
  what: 'One caller, one bucket',
  async run(context) {
    await awayFromMidnight();
    const narrow = aDay(limit);
    const server = await context.startServer({
      policy: {
        limits: wideLimits({ address: narrow, revoke: narrow, signup: narrow, login: narrow }),
        // Where no token is required, only the address counts.
        routes: [{ path: '/api/*', verify: false }],
      },
    });
    const doors = openDoors(server);
    const figures: Figure[] = [];
    for (const door of doors) figures.push(...(await measureDoor(context, server.redis as DevRedis, door)));
    return figures;
  },
};

async function measureDoor({ chance }: Context, redis: DevRedis, door: Door): Promise<Figure[]> {
  /** How many calls came through, and how many buckets they were counted in. */
  const watch = async (times: number, call: (index: number) => Promise<string>) => {
    const before = await countBuckets(redis, door);
    const outcomes = await inParallel(times, 64, call);
    return { passed: throughDoor(door, outcomes), buckets: (await countBuckets(redis, door)) - before };
  };
  const forged = await watch(forgedCalls, () => door.knock(forgeFields(chance)));
  const inSubnet = await watch(door.subnetAddresses, (index) => {
    const high = chance.below(65_536).toString(16);
    return door.checkSession(respell(`${subnet}:${high}:0:${chance.below(9)}:${index.toString(16)}`, chance));
  });
  const next = await watch(1, () => door.checkSession(`${neighbour}::1`));
  const spelled = await watch(10 * limit, () => door.checkSession(chance.pick(spellingsOfIpv4(ipv4))));
  const of = `at the ${door.name}`;
  return [
    exactly(`one address under 10 000 sets of forged fields, let through ${of}`, forged.passed, limit),
    exactly('… and buckets that it was counted in', forged.buckets, 1),
    exactly(`${door.subnetAddresses} addresses of one /64, let through ${of}`, inSubnet.passed, limit),
    exactly('… and buckets that they were counted in', inSubnet.buckets, 1),
    exactly('… while the next /64 has a bucket of its own', next.buckets, 1),
    exactly(`an IPv4 address and its ::ffff: forms, let through ${of}`, spelled.passed, limit),
    exactly('… and buckets that they were counted in', spelled.buckets, 1),
  ];
}

async function countBuckets(redis: DevRedis, { limitName }: Door): Promise<number> {
  // The gate leases, the others count each call by itself.
  const kind = limitName === 'address' ? 'calls' : 'limit';
  return ((await command(redis, 'KEYS', `daypass:${kind}:${limitName}:*`)) as string[]).length;
}

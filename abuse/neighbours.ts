import { setTimeout as sleep } from 'node:timers/promises';
import type { DevRedis } from '../dev/redis/start.ts';
import { defaultLimits } from '../src/policy/limits.ts';
import { command } from '../test/support/redisParts.ts';
import { atLeast, atMost, exactly, type Figure } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { aDay, awayFromMidnight } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import { exchangeFrom, logInFrom, unsignedToken, type Visit, visit } from './support/neighbour.ts';
import { outcomeOf } from './support/send.ts';
import type { AbuseServer } from './support/server.ts';

const attackers = 200;
/** How many of them attack at any moment: client and server share this process. */
const attackersAtOnce = 2;
const copies = 30;
const junkOfEach = 30;
const honestAtLeast = 10;
const visitorsBesideJunk = 8;

/** No caller can lock others out: with the default limits, an attack costs no other visitor a pass. */
export const neighbours: Measure = {
  name: 'neighbours',
  what: 'Strangers and their neighbours',
  isTimed: true,
  async run(context) {
    await awayFromMidnight();
    // For a whole day what it is for a minute by default, so that no count is gone before it is read.
    const site = aDay(defaultLimits.site.limit);
    const server = await context.startServer({ policy: { limits: { site } } });
    return [...(await crowd(server)), ...(await besideJunk(server))];
  },
};

/** Sign-ups whose exchange is sent 30 times at once, and junk, from 200 addresses; visitors from elsewhere meanwhile. */
async function crowd(server: AbuseServer): Promise<Figure[]> {
  const attack = inParallel(attackers, attackersAtOnce, async (index) => {
    const from = `127.1.${index >> 8}.${index & 255}`;
    const token = await logInFrom(server, from);
    const tokens = [
      ...Array.from({ length: copies }, () => token),
      ...Array.from({ length: junkOfEach }, unsignedToken),
    ];
    const answers = await Promise.all(tokens.map((each) => exchangeFrom(server, from, each)));
    return answers.map(outcomeOf);
  });
  const state = { isOver: false };
  const over = attack.finally(() => {
    state.isOver = true;
  });
  const visits: Visit[] = [];
  for (let visitor = 0; !state.isOver; visitor += 1) {
    visits.push(await visit(server, `127.2.${visitor >> 8}.${visitor & 255}`));
  }
  const outcomes = (await over).flat();
  // A few who come when all of it has been counted.
  for (let late = 0; late < 3; late += 1) visits.push(await visit(server, `127.3.0.${late + 1}`));
  const of = `${attackers} addresses, each ${copies} copies of an exchange at once and ${junkOfEach} pieces of junk:`;
  const begun = outcomes.filter((outcome) => outcome === '200').length;
  const honest = visits.filter(({ gotPass }) => gotPass).length;
  return [
    atLeast(`${of} visitors from elsewhere meanwhile`, visits.length, honestAtLeast),
    exactly('… of whom a limit refused', countOf(visits, '429 rate_limited'), 0),
    exactly('… of whom got no pass', visits.length - honest, 0),
    atMost('… sessions that the attack began', begun, attackers),
    exactly(
      '… counted for the site beyond the sessions that began',
      (await countedForSite(server)) - begun - honest,
      0,
    ),
  ];
}

/** A visitor whose own address sends junk without end. */
async function besideJunk(server: AbuseServer): Promise<Figure[]> {
  const from = '127.4.0.1';
  const state = { isOver: false };
  let junk = 0;
  let refused = 0;
  const startedAt = performance.now();
  const flood = inParallel(8, 8, async () => {
    while (!state.isOver) {
      if ((await exchangeFrom(server, from, unsignedToken())).status === 429) refused += 1;
      junk += 1;
    }
  });
  const visits: Visit[] = [];
  try {
    for (let visitor = 0; visitor < visitorsBesideJunk; visitor += 1) {
      // At another moment of the window each, also of one that junk has used up.
      await sleep(2300);
      visits.push(await visit(server, from));
    }
  } finally {
    state.isOver = true;
    await flood;
  }
  const perSecond = junk / ((performance.now() - startedAt) / 1000);
  return [
    atLeast('one address sends junk without end: pieces a second', perSecond, 10),
    // None where the machine is too slow to use it up.
    atLeast('… of which the limit refused', refused, 0),
    exactly(
      `… visitors of ${visitorsBesideJunk} behind it who got no pass`,
      visits.filter(({ gotPass }) => !gotPass).length,
      0,
    ),
    atMost(
      '… the longest Retry-After among them',
      Math.max(...visits.map((each) => each.waitedSeconds)),
      10,
      ' s',
    ),
  ];
}

function countOf(visits: readonly Visit[], outcome: string): number {
  return visits.filter(({ outcomes }) => outcomes.includes(outcome)).length;
}

async function countedForSite({ redis }: AbuseServer): Promise<number> {
  const keys = (await command(redis as DevRedis, 'KEYS', 'daypass:limit:site:*')) as string[];
  const counts = await Promise.all(keys.map((key) => command(redis as DevRedis, 'GET', key)));
  return counts.reduce<number>((sum, count) => sum + Number(count), 0);
}

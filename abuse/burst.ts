import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../dev/listen.ts';
import { createGuardApp } from '../src/http/guardApp.ts';
import { wireGuard } from '../src/netlify/wire.ts';
import { defaultLimits } from '../src/policy/limits.ts';
import { revokePath } from '../src/protocol/wire.ts';
import { atMost, exactly, type Figure, none } from './support/figures.ts';
import { impatient, startGate } from './support/freshGate.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import type { Context, Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';
import type { AbuseServer } from './support/server.ts';
import { exchange, logIn, outcomeOfSession } from './support/visitor.ts';

const crowd = 300;
const freshInstances = 5;
const exchangeRounds = 20;
const badSignatures = 1000;
const junkLogIns = 620;
/** Calls with a valid token among those. */
const verified = 50;

const holdUps = 5;
const holdUpMs = 350;
const betweenHoldUpsMs = 30;

/** Redis is well all the time. Only this process is busy, and the machine where it says so. */
export const burst: Measure = {
  name: 'burst',
  what: 'Bursts, with a Redis that is well',
  async run(context) {
    await awayFromMidnight();
    const limits = wideLimits({ session: aDay(defaultLimits.session.limit) });
    const server = await context.startServer({ policy: { limits } });
    const figures = [
      ...(await callRevoked(context, server)),
      ...(await callFresh(context, server)),
      ...(await callWithBadSignatures(context, server)),
      ...(await logInWithJunk(context, server)),
      ...(await exchangeOne(server, 'machine otherwise idle')),
    ];
    keepBusy(context);
    return [
      ...figures,
      ...(await exchangeOne(server, 'every core busy')),
      ...(await callFresh(context, server, ', every core busy')),
    ];
  },
};

/**
 * Sends a burst, and holds this process up meanwhile, as a large answer, a collection of garbage or a neighbour on the
 * same core does: longer than the 300 ms that Redis has.
 */
async function whileHeldUp<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const ended = work.finally(() => {
    done = true;
  });
  for (let times = 0; times < holdUps && !done; times += 1) {
    await sleep(betweenHoldUpsMs);
    const end = performance.now() + holdUpMs;
    while (performance.now() < end);
  }
  return ended;
}

async function callRevoked(context: Context, server: AbuseServer): Promise<Figure[]> {
  const outcomes: string[] = [];
  for (let round = 0; round < freshInstances; round += 1) {
    const { call } = await startGate(context, server);
    const token = await server.mint();
    const revoked = await send(server.url + revokePath, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    if (revoked.status !== 200 || (await call(token)) !== '401 token_revoked')
      throw new Error('The revocation was not seen.');
    outcomes.push(...(await whileHeldUp(Promise.all(Array.from({ length: crowd }, () => call(token))))));
  }
  return [
    none(
      `${crowd} calls at once of a session that was refused as revoked, ${freshInstances} rounds: let through`,
      outcomes,
      '401 token_revoked',
    ),
  ];
}

async function callFresh(context: Context, server: AbuseServer, when = ''): Promise<Figure[]> {
  const passed: number[] = [];
  let lines = 0;
  for (let round = 0; round < freshInstances; round += 1) {
    const { call, storeLines } = await startGate(context, server);
    const token = await server.mint();
    const outcomes = await whileHeldUp(Promise.all(Array.from({ length: crowd }, () => call(token))));
    passed.push(outcomes.filter((outcome) => outcome === '200').length);
    lines += storeLines().length;
  }
  const { limit } = defaultLimits.session;
  const of = `${crowd} calls at once of one session on a fresh instance, ${freshInstances} rounds${when}`;
  return [
    atMost(`${of}: most let through`, Math.max(...passed), limit),
    exactly(`${of}: fewest let through`, Math.min(...passed), limit),
    exactly(`${of}: lines that Redis was lost`, lines, 0),
  ];
}

async function callWithBadSignatures(context: Context, server: AbuseServer): Promise<Figure[]> {
  const { call, storeLines } = await startGate(context, server);
  const [bad, other, good] = [await server.mint(), await server.mint(), await server.mint()];
  const forged = [...bad.split('.').slice(0, 2), other.split('.')[2]].join('.');
  const outcomes = { forged: [] as string[], verified: [] as string[] };
  const each = badSignatures / verified;
  const calls = Array.from({ length: verified }, async () => {
    const withForged = Array.from({ length: each }, () => call(forged));
    outcomes.verified.push(await call(good));
    outcomes.forged.push(...(await Promise.all(withForged)));
  });
  await whileHeldUp(Promise.all(calls));
  const of = `${badSignatures} calls with bad signatures in flight`;
  return [
    none(`${of}: let through`, outcomes.forged, '401 token_signature'),
    none(`${of}: calls of a session within its limit, refused`, outcomes.verified, '200'),
    exactly(`${of}: lines that Redis was lost`, storeLines().length, 0),
  ];
}

const isStoreLine = (event: string) => /^(circuit|store)_/.test(event);

async function logInWithJunk(context: Context, server: AbuseServer): Promise<Figure[]> {
  const logged: string[] = [];
  const log = (event: string) => void logged.push(event);
  const guard = wireGuard(server.policy, impatient(server), log);
  const app = createGuardApp(guard, () => new Response('{}', { status: 400 }), log);
  const site = await listen((request, clientAddress) => app.fetch(request, { clientAddress }));
  context.defer(() => site.close());
  const calls = Array.from({ length: junkLogIns }, async () =>
    outcomeOf(await send(`${site.url}/.netlify/identity/token`, { method: 'POST', body: 'junk' })),
  );
  const outcomes = await whileHeldUp(Promise.all(calls));
  const of = `${junkLogIns} junk log-ins at once at the guard`;
  return [
    none(`${of}: that Identity did not see, within the limit`, outcomes, '400'),
    exactly(`${of}: lines that Redis was lost`, logged.filter(isStoreLine).length, 0),
  ];
}

async function exchangeOne(server: AbuseServer, when: string): Promise<Figure[]> {
  const minted: number[] = [];
  const unavailable: string[] = [];
  for (let round = 0; round < exchangeRounds; round += 1) {
    const token = await logIn(server.identityUrl);
    const outcomes = await Promise.all(
      Array.from({ length: crowd }, () => outcomeOfSession(exchange(server.url, token))),
    );
    minted.push(outcomes.filter((outcome) => outcome === '200').length);
    unavailable.push(...outcomes.filter((outcome) => /^5|undefined/.test(outcome)));
  }
  const of = `${crowd} exchanges at once of one Identity token, ${exchangeRounds} rounds, ${when}`;
  return [
    exactly(`${of}: fewest minted`, Math.min(...minted), 1),
    exactly(`${of}: most minted`, Math.max(...minted), 1),
    { ...exactly(`${of}: answers of 5xx`, unavailable.length, 0), ...saying(unavailable) },
  ];
}

function saying(outcomes: readonly string[]): Partial<Figure> {
  return outcomes.length === 0 ? {} : { figure: [outcomes.length, ...new Set(outcomes)].join(', ') };
}

/** Gives every core of the machine something else to do. */
function keepBusy(context: Context): void {
  for (let core = 0; core < availableParallelism(); core += 1) {
    const other = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    context.defer(() => other.kill('SIGKILL'));
  }
}

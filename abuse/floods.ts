import type { DevRedis } from '../dev/redis/start.ts';
import { createBrokerApp } from '../src/http/brokerApp.ts';
import type { App } from '../src/http/context.ts';
import { createGuardApp } from '../src/http/guardApp.ts';
import { wireBroker, wireGuard } from '../src/netlify/wire.ts';
import { identityPath, introspectPath, revokePath, statsPath, sweepPath } from '../src/protocol/wire.ts';
import { ask } from './support/doors.ts';
import { atMost, exactly, type Figure } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import type { AbuseServer } from './support/server.ts';

const atOnce = 16;
const elsewhere = '198.51.100.2';
const noLog = () => undefined;
const signUps = 400;
const revocations = 4800;
const tries = 500;
const ownersCalls = 100;
const introspections = 300;
const limits = { signup: 300, revoke: 300, wrong: 30, maintenance: 40, introspection: 120 };

/** Every door counts, and counts before it reads: what one address gets out of a flood. */
export const floods: Measure = {
  name: 'floods',
  what: 'Floods of one address',
  async run(context) {
    await awayFromMidnight();
    const server = await context.startServer({
      policy: {
        limits: wideLimits({
          signup: aDay(limits.signup),
          revoke: aDay(limits.revoke),
          introspection: aDay(limits.introspection),
          introspectionRefused: aDay(limits.wrong),
          maintenance: aDay(limits.maintenance),
          maintenanceRefused: aDay(limits.wrong),
        }),
      },
    });
    const { policy, environment, deployInfo, identity } = server;
    const guard = createGuardApp(
      wireGuard(policy, environment, noLog),
      (request) => identity.fetch(request),
      noLog,
    );
    const broker = createBrokerApp(
      wireBroker(policy, environment, deployInfo, () => server.operatorToken),
      noLog,
    );
    const flood = (app: App, path: string, times: number, init: () => RequestInit, from = '198.51.100.1') =>
      measureFlood(server, { app, path, times, init, from });

    const token = await server.mint();
    const basic = basicOf(await environment.privateKeys.introspectionSecret('api'));
    const bearer = `Bearer ${server.maintenanceBearer}`;
    const wrongBearer = `Bearer ${'A'.repeat(43)}`;
    const form = () => ({ method: 'POST', body: new URLSearchParams({ token }) });
    const get = (authorization: string) => () => ({ headers: { authorization } });
    const post = (authorization: string) => () => ({ method: 'POST', headers: { authorization } });
    const introspect = (authorization: string) => () => ({ ...form(), headers: { authorization } });

    const large = () => ({ method: 'POST', body: 'x'.repeat(40_000) });
    const guarded = await flood(guard, `${identityPath}/signup`, signUps, large);
    const revoked = await flood(broker, revokePath, revocations, form);
    const guessed = [
      await flood(broker, introspectPath, tries, introspect(basicOf('wrong'))),
      await flood(broker, statsPath, tries, get(wrongBearer)),
    ];
    const sweepGuessed = await flood(broker, sweepPath, tries, post(wrongBearer));
    const counted = await flood(broker, statsPath, ownersCalls, get(bearer), elsewhere);
    const swept = await flood(broker, sweepPath, ownersCalls, post(bearer), elsewhere);
    const asked = await flood(broker, introspectPath, introspections, introspect(basic), elsewhere);
    return [
      exactly(
        `${signUps} sign-ups of 40 KB: refused for their size`,
        guarded.of('400 body_too_large'),
        limits.signup,
      ),
      exactly('… refused by the limit', guarded.of('429 rate_limited'), signUps - limits.signup),
      exactly(`${revocations} revocations of one session: let through`, revoked.of('200'), limits.revoke),
      exactly('… refused by the limit', revoked.of('429 rate_limited'), revocations - limits.revoke),
      atMost('… requests to Redis', revoked.requests, 2 * limits.revoke + atOnce),
      ...guessed.flatMap((each) => wrongSecrets(each)),
      exactly(`${sweepPath}: ${tries} wrong bearers more: compared`, sweepGuessed.compared, 0),
      exactly(
        `${statsPath}: ${ownersCalls} calls of the owner elsewhere, let through`,
        counted.of('200'),
        limits.maintenance,
      ),
      exactly(`${sweepPath}: ${ownersCalls} more`, swept.of('200'), 0),
      exactly(
        `${introspectPath}: ${introspections} of one backend elsewhere, let through`,
        asked.of('200'),
        limits.introspection,
      ),
    ];
  },
};

interface Flood {
  path: string;
  /** How many ended so. */
  of(outcome: string): number;
  /** Wrong secrets that were answered as wrong. */
  compared: number;
  /** Requests to Redis meanwhile. */
  requests: number;
}

interface FloodOptions {
  app: App;
  path: string;
  times: number;
  init: () => RequestInit;
  /** The address that the platform reports. */
  from: string;
}

async function measureFlood(
  { url, redis }: AbuseServer,
  { app, path, times, init, from }: FloodOptions,
): Promise<Flood> {
  const { requests } = redis as DevRedis;
  const outcomes = await inParallel(times, atOnce, () => ask(app, new Request(url + path, init()), from));
  const of = (outcome: string) => outcomes.filter((each) => each === outcome).length;
  return {
    path,
    of,
    compared: outcomes.filter((outcome) => outcome.startsWith('401 ')).length,
    requests: (redis as DevRedis).requests - requests,
  };
}

/** Those under way at once are compared too: none knows of the refusal of another. */
function wrongSecrets({ path, compared, requests }: Flood): Figure[] {
  return [
    atMost(`${path}: ${tries} wrong secrets, answered as wrong`, compared, limits.wrong),
    atMost('… requests to Redis', requests, limits.wrong + atOnce),
  ];
}

function basicOf(secret: string): string {
  return `Basic ${Buffer.from(`api:${secret}`).toString('base64')}`;
}

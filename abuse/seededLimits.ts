import { fileURLToPath } from 'node:url';
import { metersOf, windowAt } from '../src/limits/meter.ts';
import type { CallLimits, Limit, LimitWindows, Route } from '../src/policy/types.ts';
import type { Chance } from '../test/python/support/chance.ts';
import { startUpstream } from '../test/support/recordingUpstream.ts';
import { runNode } from '../test/support/runCommand.ts';
import { atLeast, exactly, type Figure, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { wideLimits } from './support/limits.ts';
import type { Context, Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';

const processes = 8;
const killed = 2;
const routes = 8;
const sessions = 3;
const addresses = 2;
const loadSeconds = 12;
const callers = 24;
const longWindowSeconds = 86_400;
const entry = fileURLToPath(new URL('support/gateProcess.ts', import.meta.url));

/** A call that reached the upstream: passed at some moment between the two, by the clock of this machine and of its Redis. */
interface Pass {
  route: Required<Pick<Route, 'path' | 'limits' | 'cost'>>;
  /** What it counts for, by the name of the limit. */
  buckets: Readonly<Record<keyof CallLimits, string>>;
  sent: number;
  arrived: number;
}

/** Routes whose limits, windows, prices and lists of windows are drawn: no window of any passes more than its limit. */
export const seededLimits: Measure = {
  name: 'seeded-limits',
  what: `${routes} routes of drawn limits at ${processes} processes, ${killed} of them killed within a window`,
  async run(context) {
    const drawn = Array.from({ length: routes }, (_, index) => drawRoute(context.chance, `/api/${index}`));
    const policy = { limits: wideLimits({ leaseSeconds: 1 }), routes: drawn };
    const { passes, refused, alive } = await attack(context, policy, drawn);
    const counts = passes.map(({ route }) => passes.filter((pass) => pass.route === route).length);
    return [
      ...windowsOf(passes),
      none('refused calls', refused, '429 rate_limited with Retry-After'),
      atLeast('calls that passed', passes.length, 5 * routes),
      atLeast('… of each route', Math.min(...counts), 1),
      exactly('processes killed in the middle', processes - alive, killed),
    ];
  },
};

/** Limits that a policy takes: a session's fit into its ceiling, and each of two windows can bind. */
function drawRoute(chance: Chance, path: string): Pass['route'] {
  const draw = (least: number, most: number) => least + chance.below(most - least + 1);
  const windows = (least: number): LimitWindows => {
    const algorithm = chance.pick(['fixed-window', 'sliding-window'] as const);
    const short: Limit = { limit: draw(least, 4 * least), windowSeconds: draw(1, 4), algorithm };
    if (chance.below(2) === 0) return short;
    const long = { limit: draw(short.limit + 1, 8 * short.limit), windowSeconds: longWindowSeconds };
    return [short, { ...long, algorithm: 'fixed-window' }];
  };
  const cost = draw(1, 3);
  const [least, ceiling] = [draw(cost, 5), draw(5 * 4, 30)];
  return {
    path,
    cost,
    limits: {
      session: windows(least),
      ...(chance.below(2) === 0 && { address: windows(draw(least, 20)) }),
      ...(chance.below(3) > 0 && { total: windows(ceiling) }),
    },
  };
}

/** Calls from all addresses with all sessions for a while, at every process in turn by chance. */
async function attack(
  context: Context,
  policy: Parameters<Context['startServer']>[0]['policy'],
  drawn: readonly Pass['route'][],
) {
  const server = await context.startServer({ policy });
  const arrivals = new Map<string, number>();
  const upstream = await startUpstream((response, { headers }) => {
    arrivals.set(String(headers['x-call']), Date.now());
    response.end('{}');
  });
  context.defer(() => upstream.close());
  const children = Array.from({ length: processes }, () =>
    runNode(entry, {
      ...server.variables,
      DAYPASS_UPSTREAM: upstream.url.href,
      GATE_POLICY: JSON.stringify(policy),
    }),
  );
  context.defer(() => children.map((child) => child.process.kill('SIGKILL')));
  let gates = await Promise.all(children.map((child) => child.printed(/ready: (\S+)/)));
  const tokens = await Promise.all(Array.from({ length: sessions }, () => server.mint()));

  const calls = new Map<string, Omit<Pass, 'arrived'>>();
  const refused: string[] = [];
  const begun = Date.now();
  const { chance } = context;
  await inParallel(callers, callers, async () => {
    while (Date.now() < begun + loadSeconds * 1000) {
      if (gates.length === processes && Date.now() > begun + (loadSeconds * 1000) / 3) {
        for (const child of children.slice(0, killed)) child.process.kill('SIGKILL');
        gates = gates.slice(killed);
      }
      const [session, address, route] = [chance.below(sessions), chance.below(addresses), chance.pick(drawn)];
      const id = crypto.randomUUID();
      const buckets = { session: `${session}`, address: `${address}`, network: '', total: '' };
      calls.set(id, { route, buckets, sent: Date.now() });
      const headers = { authorization: `Bearer ${tokens[session]}`, 'x-call': id };
      const from = `127.1.0.${1 + address}`;
      // A process that is killed answers no call; its calls may have arrived nevertheless.
      const answer = await send(chance.pick(gates) + route.path, { headers, from }).catch(() => undefined);
      if (answer && answer.status !== 200)
        refused.push(`${outcomeOf(answer)}${answer.headers['retry-after'] ? ' with Retry-After' : ''}`);
    }
  });
  const passes = [...arrivals].flatMap(([id, arrived]) => {
    const call = calls.get(id);
    return call ? [{ ...call, arrived }] : [];
  });
  return { passes, refused, alive: gates.length };
}

/** The fullest window of each kind, of those calls that were surely in it. */
function windowsOf(passes: readonly Pass[]): Figure[] {
  const taken = new Map<string, { count: number; limit: number; kind: string }>();
  for (const { route, buckets, sent, arrived } of passes) {
    for (const [name, windows] of Object.entries(route.limits) as [keyof CallLimits, LimitWindows][]) {
      for (const meter of metersOf(name, [windows].flat() as Required<Limit>[])) {
        const window = windowAt(meter, sent);
        if (windowAt(meter, arrived) !== window) continue;
        const key = `${route.path} ${name} ${meter.windowSeconds} ${buckets[name]} ${window}`;
        const kind = `${name}, ${meter.windowSeconds === longWindowSeconds ? 'a day' : meter.algorithm}`;
        const before = taken.get(key) ?? { count: 0, limit: meter.limit, kind };
        taken.set(key, { ...before, count: before.count + (route.cost as number) });
      }
    }
  }
  const all = [...taken.values()];
  const full = all.filter(({ count, limit }) => count === limit);
  return [
    none(
      'windows above their limit',
      all.map(({ count, limit, kind }) => (count > limit ? `${kind}: ${count} of ${limit}` : 'within')),
      'within',
    ),
    atLeast('… and windows used up whole', full.length, 1),
  ];
}

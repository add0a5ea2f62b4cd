import { fileURLToPath } from 'node:url';
import { startUpstream } from '../test/support/recordingUpstream.ts';
import { runNode } from '../test/support/runCommand.ts';
import { atLeast, atMost, exactly, none } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { aDay, awayFromMidnight, wideLimits } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import { outcomeOf, send } from './support/send.ts';

const processes = 8;
const killed = 2;
const sessions = 500;
const callsOfEach = 8;
const ceilingOfDay = 2000;
const policy = {
  limits: wideLimits({ leaseSeconds: 1, session: aDay(ceilingOfDay) }),
  routes: [{ path: '/api/chat', limits: { total: aDay(ceilingOfDay) } }, { path: '/api/*' }],
};
const entry = fileURLToPath(new URL('support/gateProcess.ts', import.meta.url));

/** A ceiling holds over many processes, also when some are killed in the middle, and closes only its own route. */
export const ceiling: Measure = {
  name: 'ceiling',
  what: `${ceilingOfDay} calls a day for all, ${sessions} sessions of as many addresses at ${processes} processes`,
  async run(context) {
    await awayFromMidnight();
    const server = await context.startServer({ policy });
    const upstream = await startUpstream();
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

    const refused: string[] = [];
    const neighbours: string[] = [];
    const froms = new Set<string>();
    let calls = 0;
    const call = async (path: string, token: string, from: string, gate: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return send(`${gate}${path}`, { headers, from }).catch(() => undefined);
    };
    await inParallel(sessions, 40, async (index) => {
      const token = await server.mint();
      const from = `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;
      froms.add(from);
      for (let each = 0; each < callsOfEach; each += 1) {
        calls += 1;
        if (calls === (sessions * callsOfEach) / 4) {
          for (const child of children.slice(0, killed)) child.process.kill('SIGKILL');
          gates = gates.slice(killed);
        }
        const gate = context.chance.pick(gates);
        const answer = await call('/api/chat', token, from, gate);
        if (answer && answer.status !== 200) {
          refused.push(`${outcomeOf(answer)}${answer.headers['retry-after'] ? ' with Retry-After' : ''}`);
        }
        const other = each === 0 ? await call('/api/other', token, from, gate) : undefined;
        if (other) neighbours.push(outcomeOf(other));
      }
    });
    const reached = upstream.received.filter(({ url }) => url.endsWith('/chat')).length;
    return [
      atMost('calls that reached the upstream', reached, ceilingOfDay),
      // What the killed ones had in hand stays taken: an eighth of what was left each, at most.
      atLeast('… and no fewer than were not in the hands of those killed', reached, ceilingOfDay * 0.7),
      exactly('addresses that called, each with a session of its own', froms.size, sessions),
      atLeast('calls refused', refused.length, calls - ceilingOfDay - killed * 40),
      none('… other than by the ceiling', refused, '429 rate_limited with Retry-After'),
      none('calls of another route meanwhile', neighbours, '200'),
      exactly('processes killed in the middle', children.length - gates.length, killed),
    ];
  },
};

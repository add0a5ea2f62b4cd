import type { Policy } from '../../src/policy/types.ts';
import type { StatsEvent, StatsResponse } from '../../src/protocol/messages.ts';
import { revokePath, statsPath } from '../../src/protocol/wire.ts';
import { outcomeOf, send } from './send.ts';
import type { AbuseServer, LogLine } from './server.ts';

/** One call through a gate; times are of `performance.now()`. */
export interface Call {
  sentAt: number;
  endedAt: number;
  outcome: string;
}

/** A server with one policy for when Redis is away, and the calls that it was sent. */
export interface Stand {
  policy: Policy['storeFailure'];
  server: AbuseServer;
  /** The calls of `call` so far, of those that have ended. */
  calls: Call[];
  /** Calls the gate, for a new session. */
  call(): Promise<void>;
  /** Calls the gate with this token. */
  callWith(token: string): Promise<string>;
  /** Whether the gate refuses a session that is revoked now. */
  seesRevocation(): Promise<boolean>;
  /** How often the gate has counted that, as `/session/stats` reports. */
  counted(event: StatsEvent): Promise<number>;
  /** What the gate has logged of its circuit. */
  circuitLines(): LogLine[];
}

export function createStand(policy: Policy['storeFailure'], server: AbuseServer): Stand {
  const calls: Call[] = [];
  const callWith = async (token: string) =>
    outcomeOf(await send(`${server.url}/api/hello`, { headers: { authorization: `Bearer ${token}` } }));
  return {
    policy,
    server,
    calls,
    callWith,
    async call() {
      const token = await server.mint();
      const sentAt = performance.now();
      const outcome = await callWith(token);
      calls.push({ sentAt, endedAt: performance.now(), outcome });
    },
    async seesRevocation() {
      const token = await server.mint();
      const body = new URLSearchParams({ token });
      const { status } = await send(server.url + revokePath, { method: 'POST', body });
      return status === 200 && (await callWith(token)) === '401 token_revoked';
    },
    async counted(event) {
      const headers = { authorization: `Bearer ${server.maintenanceBearer}` };
      const { status, text } = await send(server.url + statsPath, { headers });
      if (status !== 200) throw new Error(`The counts could not be read: ${status}.`);
      const { counts } = JSON.parse(text) as StatsResponse;
      return counts.filter((each) => each.event === event).reduce((sum, { count }) => sum + count, 0);
    },
    circuitLines: () =>
      server.logged.filter(({ event, part }) => /^(circuit|store)_/.test(event) && part === undefined),
  };
}

/** The calls that were sent in this time. */
export function callsOf({ calls }: Stand, from: number, to: number): Call[] {
  return calls.filter(({ sentAt }) => sentAt >= from && sentAt < to);
}

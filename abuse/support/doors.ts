import type { OutgoingHttpHeaders } from 'node:http';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import type { App } from '../../src/http/context.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import { createGuardApp } from '../../src/http/guardApp.ts';
import { wireBroker, wireGate, wireGuard } from '../../src/netlify/wire.ts';
import type { Limits } from '../../src/policy/types.ts';
import { revokePath } from '../../src/protocol/wire.ts';
import { outcomeOf, send } from './send.ts';
import type { AbuseServer } from './server.ts';

const wholeSubnet = 65_536;

/** Where callers are counted by their address. */
export interface Door {
  name: string;
  limitName: keyof Limits;
  /** How many addresses of one /64 come. */
  subnetAddresses: number;
  /** What a call ends in that its limit lets through. */
  through: string;
  /** Calls from this machine, over HTTP, with these fields. */
  knock(fields: OutgoingHttpHeaders): Promise<string>;
  /** Calls an instance of its own, to which the platform reports this address. */
  checkSession(address: string): Promise<string>;
}

/** Every door of a server that counts addresses. */
export function openDoors(server: AbuseServer): Door[] {
  return [
    openGate(server),
    openRevocation(server),
    // What Identity says to a sign-up and a log-in that lack everything.
    openGuard(server, {
      name: 'sign-up guard',
      limitName: 'signup',
      subnetAddresses: wholeSubnet,
      path: '/signup',
      through: '422',
    }),
    // The same guard, so fewer will do.
    openGuard(server, {
      name: 'log-in guard',
      limitName: 'login',
      subnetAddresses: 4096,
      path: '/token',
      through: '400',
    }),
  ];
}

/** @throws Error when a call ended in anything but its limit's yes or no: it says nothing of the limit then */
export function throughDoor(door: Door, outcomes: readonly string[]): number {
  const odd = outcomes.find((outcome) => outcome !== door.through && outcome !== '429 rate_limited');
  if (odd !== undefined) throw new Error(`A call at the ${door.name} ended in ${odd}.`);
  return outcomes.filter((outcome) => outcome === door.through).length;
}

function openGate(server: AbuseServer): Door {
  const { policy, environment, deployInfo } = server;
  const app = createGateApp(
    wireGate(policy, environment, deployInfo, () => undefined),
    policy,
    () => undefined,
  );
  const token = server.mint();
  const headers = async () => ({ authorization: `Bearer ${await token}` });
  return {
    name: 'gate',
    limitName: 'address',
    subnetAddresses: wholeSubnet,
    through: '200',
    knock: async (fields) =>
      outcomeOf(await send(`${server.url}/api/hello`, { headers: { ...fields, ...(await headers()) } })),
    checkSession: async (address) =>
      ask(app, new Request(`${server.url}/api/hello`, { headers: await headers() }), address),
  };
}

function openRevocation(server: AbuseServer): Door {
  const { policy, environment, deployInfo } = server;
  const app = createBrokerApp(
    wireBroker(policy, environment, deployInfo, () => server.operatorToken),
    () => undefined,
  );
  const url = server.url + revokePath;
  // No token of ours, so there is nothing to revoke, which is no error (RFC 7009).
  const body = () => new URLSearchParams({ token: 'x' });
  return {
    name: 'broker',
    limitName: 'revoke',
    subnetAddresses: wholeSubnet,
    through: '200',
    knock: async (headers) => outcomeOf(await send(url, { method: 'POST', headers, body: body() })),
    checkSession: (address) => ask(app, new Request(url, { method: 'POST', body: body() }), address),
  };
}

function openGuard(
  { policy, environment, identityUrl, identity }: AbuseServer,
  { path, ...door }: Omit<Door, 'knock' | 'checkSession'> & { path: string },
): Door {
  const next = (request: Request) => identity.fetch(new Request(new URL(path, request.url), request));
  const app = createGuardApp(
    wireGuard(policy, environment, () => undefined),
    next,
    () => undefined,
  );
  const call = { method: 'POST', body: '{}' };
  return {
    ...door,
    knock: async (headers) => outcomeOf(await send(identityUrl + path, { ...call, headers })),
    checkSession: (address) => ask(app, new Request(identityUrl + path, call), address),
  };
}

/** Calls an instance, to which the platform reports this address. @returns what the answer is about, as `outcomeOf` words it */
export async function ask(app: App, request: Request, clientAddress: string): Promise<string> {
  const response = await app.fetch(request, { clientAddress });
  return outcomeOf({ status: response.status, text: await response.text() });
}

import { openSite } from '../../abuse/support/site.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { privateSecret, secret } from '../../test/support/tokens.ts';
import type { BenchContext } from './bench.ts';
import { load } from './load.ts';
import { type Program, type Runtime, requireProgram, startProgram } from './startProgram.ts';

export interface BackendOptions {
  /** How long the upstream takes, in milliseconds. Default 0. */
  upstreamMilliseconds?: number;
  /** How much longer Redis takes, in milliseconds. Default 0. */
  redisMilliseconds?: number;
}

/** What is behind gate and proxy, each in a process of its own, so that its CPU time is not theirs. */
export interface Backends {
  redis: Program;
  upstream: Program;
}

export interface GateOptions {
  /** Default Node. */
  runtime?: Runtime;
  /** Default: all defaults but that no call is refused. */
  policy?: PolicyInput;
  /** The caller's. Default: an IPv4 address. */
  address?: string;
}

export interface Gate {
  gate: Program;
  /** Access tokens of so many new sessions. */
  mint(sessions: number): Promise<string[]>;
}

/** What the upstream answers: some rows of a small API. */
export const body = JSON.stringify({
  items: Array.from({ length: 8 }, (_, id) => ({ id, name: `item ${id}` })),
});

/** The default limits, so wide that no call of a bench meets them. */
export const wideLimits = Object.fromEntries(
  (['session', 'address', 'network'] as const).map((name) => [
    name,
    { ...defaultLimits[name], limit: 1_000_000_000 },
  ]),
);

/** @throws {MissingProgram} there is no redis-server */
export async function startBackends(
  context: BenchContext,
  { upstreamMilliseconds = 0, redisMilliseconds = 0 }: BackendOptions = {},
): Promise<Backends> {
  requireProgram('redis-server');
  const [redis, upstream] = await Promise.all([
    startProgram(context, 'redis', { variables: { BENCH_DELAY_MILLISECONDS: `${redisMilliseconds}` } }),
    startProgram(context, 'upstream', {
      variables: { BENCH_BODY: body, BENCH_DELAY_MILLISECONDS: `${upstreamMilliseconds}` },
    }),
  ]);
  return { redis, upstream };
}

/**
 * Starts a gate: `createGate` as Netlify's edge has it.
 * @throws {MissingProgram} there is no such runtime
 */
export async function startGate(
  context: BenchContext,
  { redis, upstream }: Backends,
  { runtime = 'Node', policy = { limits: wideLimits }, address = '203.0.113.7' }: GateOptions = {},
): Promise<Gate> {
  const url = 'http://127.0.0.1';
  const variables = {
    BENCH_POLICY: JSON.stringify(policy),
    BENCH_ADDRESS: address,
    URL: url,
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    DAYPASS_UPSTREAM: upstream.url,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.details.token as string,
  };
  const gate = await startProgram(context, 'gate', { runtime, variables });
  const { mint } = await openSite(definePolicy(policy), variables, url);
  return { gate, mint: (sessions) => Promise.all(Array.from({ length: sessions }, () => mint())) };
}

/**
 * Starts a bare Hono proxy of the same upstream.
 * @throws {MissingProgram} there is no such runtime
 */
export function startProxy(
  context: BenchContext,
  { upstream }: Backends,
  runtime: Runtime,
): Promise<Program> {
  return startProgram(context, 'proxy', { runtime, variables: { BENCH_UPSTREAM: upstream.url } });
}

export interface Calls {
  connections: number;
  /** Of all connections together. */
  calls: number;
  /** Shared out among the connections, so that no session calls on two. */
  bearers: readonly string[];
  /** Sent just before, and not counted: leases end while the other side is measured. Default 0. */
  warmUpCalls?: number;
}

export interface CallCost {
  cpuMicroseconds: number;
  /** Of the median call. */
  latencyMilliseconds: number;
  /** HTTP requests to Redis's bridge, of one call on average. */
  redisRequests: number;
}

const maxTries = 3;

/**
 * Sends calls to a server, and again where it had something to log: on a machine that is very busy Redis does not always
 * answer within the gate's 300 ms, and then it is not what was to be measured.
 * @param redis whose requests are counted as well
 * @returns what one call cost its process
 * @throws Error when any of them is answered wrongly, or the server keeps logging
 */
export async function costOfCalls(
  server: Program,
  next: () => Calls | Promise<Calls>,
  redis?: Program,
): Promise<CallCost> {
  const requestsSoFar = async () => (await redis?.usage())?.requests ?? 0;
  for (let tried = 0; tried < maxTries; tried += 1) {
    const { connections, calls, bearers, warmUpCalls = 0 } = await next();
    const share = bearers.length / connections;
    const bearersOf = (connection: number) => bearers.slice(connection * share, (connection + 1) * share);
    const options = { url: `${server.url}/api/items`, connections, bearersOf, body };
    const logged = server.logged.length;
    if (warmUpCalls > 0) await load({ ...options, calls: warmUpCalls });
    const requests = await requestsSoFar();
    const before = await server.usage();
    const { latencyMilliseconds } = await load({ ...options, calls });
    const after = await server.usage();
    const cpuMicroseconds = (after.cpuMicroseconds - before.cpuMicroseconds) / calls;
    const redisRequests = ((await requestsSoFar()) - requests) / calls;
    if (server.logged.length === logged) return { cpuMicroseconds, latencyMilliseconds, redisRequests };
  }
  throw new Error(`${server.url} was not at rest: ${server.logged.slice(-5).join('\n')}`);
}

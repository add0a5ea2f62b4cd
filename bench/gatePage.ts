import { Agent, get } from 'node:http';
import type { Bench, BenchContext, Row } from './support/bench.ts';
import { body, startBackends, startGate, startProxy } from './support/gateStand.ts';
import { interleave, millisecondsOf } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf, spreadOf } from './support/spread.ts';
import type { Program, Runtime } from './support/startProgram.ts';

const calls = 20;

/** The way to Redis shows here: each time that the gate asks, the page waits for it. */
export const bench: Bench = {
  question: "How long do a page's 20 calls take, one after the other? Upstream 50 ms, Redis 20 ms away",
  async run(context) {
    return [await measure(context, 'Node'), await measure(context, 'Deno')];
  },
};

async function measure(context: BenchContext, runtime: Runtime): Promise<Row> {
  // The default limits: a page's calls are far below them.
  const backends = await startBackends(context, { upstreamMilliseconds: 50, redisMilliseconds: 20 });
  const { gate, mint } = await startGate(context, backends, { runtime, policy: {} });
  const proxy = await startProxy(context, backends, runtime);
  const { redis } = backends;
  const page = (server: Program) => async () => {
    const [bearer] = (await mint(1)) as [string];
    const before = (await redis.usage()).requests as number;
    const milliseconds = await millisecondsOf(() => callInTurn(server.url, bearer));
    return { milliseconds, trips: ((await redis.usage()).requests as number) - before };
  };
  const rounds = await interleave(context.isQuick ? 2 : 9, { gate: page(gate), proxy: page(proxy) });
  const [ours, others] = [rounds.gate, rounds.proxy].map((side) =>
    side.map(({ milliseconds }) => milliseconds),
  ) as [number[], number[]];
  const trips = spreadOf(rounds.gate.map((round) => round.trips)).median;
  return {
    what: `20 calls of a new session, ${runtime}`,
    baseline: 'a bare Hono proxy',
    figure: ratioOf(ours, others),
    unit: '×',
    toReach: { atMost: 1.15 },
    note: `${against(ours, others, 'ms')}; the gate asked Redis ${trips} times`,
  };
}

async function callInTurn(url: string, bearer: string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  try {
    for (let call = 0; call < calls; call += 1) await callOnce(agent, `${url}/api/items`, bearer);
  } finally {
    agent.destroy();
  }
}

/** @throws Error when the answer is another */
function callOnce(agent: Agent, url: string, bearer: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${bearer}` } }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      if (response.statusCode === 200 && text === body) resolve();
      else reject(new Error(`${url}: ${response.statusCode} ${text}`));
    }).on('error', reject);
  });
}

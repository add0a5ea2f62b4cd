import { wideLimits } from '../abuse/support/limits.ts';
import { createDevIdentity } from '../dev/identity/start.ts';
import { openBackend } from '../dev/redis/redisProcess.ts';
import { createApp as createRedisApp } from '../dev/redis/start.ts';
import { createBrokerApp } from '../src/http/brokerApp.ts';
import { readEnvironment } from '../src/netlify/environment.ts';
import { wireBroker } from '../src/netlify/wire.ts';
import { definePolicy } from '../src/policy/define.ts';
import { jwtTokenType, tokenExchangeGrant } from '../src/protocol/messages.ts';
import { privateSecret, secret } from '../test/support/tokens.ts';
import type { Bench, BenchContext } from './support/bench.ts';
import { written } from './support/report.ts';
import { exact, spreadOf } from './support/spread.ts';

const identityUrl = 'https://identity.example';
const redisUrl = 'https://redis.example';
const siteUrl = 'https://site.example';

/** From the form to the access token, without the time in which the broker waits for Identity or Redis. */
export const bench: Bench = {
  question: 'How long does the broker itself take for an exchange?',
  async run(context) {
    const { exchange, logIn, network } = await startBroker(context);
    const [rounds, perRound] = context.isQuick ? [5, 100] : [25, 100];
    const own: number[] = [];
    const cpu: number[] = [];
    let calls = { identity: 0, redis: 0 };
    for (let round = -1; round < rounds; round += 1) {
      const tokens = await Promise.all(Array.from({ length: perRound }, logIn));
      network.reset();
      const startedAt = now();
      for (const token of tokens) await exchange(token);
      const waited = network.read();
      const endedAt = now();
      // The first round warms up.
      if (round < 0) continue;
      own.push((endedAt.milliseconds - startedAt.milliseconds - waited.milliseconds) / perRound);
      cpu.push((endedAt.cpuMilliseconds - startedAt.cpuMilliseconds - waited.cpuMilliseconds) / perRound);
      calls = { identity: waited.identity / perRound, redis: waited.redis / perRound };
    }
    const what = 'POST /session/token, an exchange';
    return [
      {
        what,
        baseline: 'without its calls',
        figure: spreadOf(own),
        unit: 'ms',
        toReach: { atMost: 1 },
        note: `${written(spreadOf(cpu).median)} ms of CPU: where that is much less, the machine is busy with something else`,
      },
      { what, baseline: 'calls to Identity', figure: exact(calls.identity), unit: 'requests' },
      { what, baseline: 'calls to Redis', figure: exact(calls.redis), unit: 'requests' },
    ];
  },
};

/** The broker of a site, over stand-ins in this process that are called as `fetch`. */
async function startBroker({ defer }: BenchContext) {
  const identity = createDevIdentity({ commitDelayMilliseconds: 0 });
  const backend = await openBackend('memory', undefined);
  defer(() => backend.close());
  const redis = createRedisApp(backend, 'token', { requests: 0, commands: 0, fault: undefined });
  const policy = definePolicy({ limits: wideLimits() });
  const variables: Record<string, string> = {
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: redisUrl,
    UPSTASH_REDIS_REST_TOKEN: 'token',
    IDENTITY_URL: identityUrl,
  };
  const environment = await readEnvironment(policy, (name) => variables[name]);
  const deployInfo = { issuer: siteUrl, deployContext: 'production' as const };
  const broker = wireBroker(policy, environment, deployInfo, () => identity.operatorToken);
  const app = createBrokerApp(broker, () => undefined);

  const network = watchNetwork({
    identity: (request) => identity.fetch(request),
    redis: answerAgain(async (request) => redis.fetch(request)),
  });
  const fetchOfNode = globalThis.fetch;
  globalThis.fetch = network.fetch;
  defer(() => {
    globalThis.fetch = fetchOfNode;
  });

  const logIn = () =>
    identity.signAccessToken(identity.users.plant({ email: `${crypto.randomUUID()}@visitor.invalid` }).id);

  async function exchange(token: string): Promise<void> {
    const body = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: token,
      subject_token_type: jwtTokenType,
    });
    const init = { method: 'POST', body };
    const response = await app.request(`${siteUrl}/session/token`, init, { clientAddress: '203.0.113.7' });
    if (response.status !== 200) throw new Error(`An exchange ended in ${await response.text()}.`);
    await response.json();
  }
  return { exchange, logIn, network };
}

/** A `fetch` that measures how long it was waited for: the stand-ins' own work is not the broker's. */
function watchNetwork(servers: Record<'identity' | 'redis', (request: Request) => Promise<Response>>) {
  const none = { identity: 0, redis: 0, milliseconds: 0, cpuMilliseconds: 0 };
  let waited = { ...none };
  let underWay = 0;
  let since = now();
  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    // Of several at once, the time counts once.
    if (underWay++ === 0) since = now();
    try {
      const request = new Request(input, init);
      const server = request.url.startsWith(identityUrl) ? 'identity' : 'redis';
      waited[server] += 1;
      return await servers[server](request);
    } finally {
      if (--underWay === 0) {
        const until = now();
        waited.milliseconds += until.milliseconds - since.milliseconds;
        waited.cpuMilliseconds += until.cpuMilliseconds - since.cpuMilliseconds;
      }
    }
  }
  return {
    fetch,
    read: () => waited,
    reset: () => {
      waited = { ...none };
    },
  };
}

/**
 * Answers each kind of request as the Redis in memory has answered the first of it: that one runs Lua in JavaScript, and
 * leaves more garbage behind than all that is measured.
 */
function answerAgain(
  redis: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  const answers = new Map<string, string>();
  return async (request) => {
    const text = await request.clone().text();
    const kind = (JSON.parse(text) as unknown[]).map((command) => [command].flat()[0]).join();
    let answer = answers.get(kind);
    if (answer === undefined) {
      answer = await (await redis(request)).text();
      // A script that is not known yet is sent again.
      if (!answer.includes('NOSCRIPT')) answers.set(kind, answer);
    }
    return new Response(answer, { headers: { 'content-type': 'application/json' } });
  };
}

function now() {
  const { user, system } = process.cpuUsage();
  return { milliseconds: performance.now(), cpuMilliseconds: (user + system) / 1000 };
}

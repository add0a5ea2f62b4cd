import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { Limit, Limits } from '../../src/policy/types.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { FakeSite, optionsWith, origin } from '../client/support/fakeSite.ts';
import { startBrokerStack } from '../support/brokerStack.ts';
import { startGateStack } from '../support/gateStack.ts';
import { formOf, signUpOf, startGuardStack } from '../support/guardStack.ts';
import { describeWith } from '../support/optional.ts';
import { commandsRun, useRedisBridge } from '../support/redisParts.ts';
import { playScript, scripts } from '../support/scriptedCalls.ts';
import { type DocsProject, openDocs } from './project.ts';

// What docs/costs.md says that things cost is counted here.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('costs.md');
});
afterAll(() => docs.close());

/** The numbers in the rows of a section's table, by the first cell. */
function tableOf(heading: string): Record<string, number[]> {
  const section = docs.text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
  const numbers = rows.slice(2).map(([name = '', ...cells]) => [
    name,
    // A dollar sign and spaces between thousands are for people.
    cells.map((cell) => Number(cell.replaceAll(/[$ ]/g, ''))),
  ]);
  return Object.fromEntries(numbers);
}

const requests = () => tableOf('One request');
const commandsOf = (name: string) => (requests()[name] as number[]).slice(3);

test('the code compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(1);
  expect(await docs.compile()).toBe('');
});

describe('a visitor-hour', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 15) }));
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** How often the page asks each, by its line. */
  async function play(
    callsPerMinute: number,
    token: Record<string, unknown> = {},
  ): Promise<(line: string) => number> {
    const site = new FakeSite();
    site.always('POST /session/token', () => Response.json(site.tokenResponse(token)));
    site.install();
    const session = createSession(optionsWith());
    for (let call = 0; call < 60 * callsPerMinute; call += 1) {
      await session.fetch(`${origin}/api/hello`);
      vi.setSystemTime(Date.now() + 60_000 / callsPerMinute);
    }
    const sent = site.lines();
    return (line) => sent.filter((each) => each === line).length;
  }

  test.each([1, 10])('of %i calls a minute', async (callsPerMinute) => {
    const count = await play(callsPerMinute);
    const made: Record<string, number> = {
      'sign-up': count('POST /.netlify/identity/signup'),
      'log-in': count('POST /.netlify/identity/token'),
      exchange: 1,
      renewal: count('POST /session/token') - 1,
      'a call, alone': count('GET /api/hello'),
    };
    const sums = [0, 1, 2, 3, 4].map((column) =>
      Object.entries(made).reduce(
        (sum, [name, times]) => sum + times * Number(requests()[name]?.[column]),
        0,
      ),
    );
    expect(tableOf('A visitor-hour')[callsPerMinute]).toEqual(sums);
    expect(docs.text).toContain(`Of the 15 function calls ${made.renewal} are renewals`);
  });

  test('of tokens that live longer has fewer renewals', async () => {
    const count = await play(1, { expires_in: 900 });
    const renewals = count('POST /session/token') - 1;
    expect(docs.text.replaceAll(/\s+/g, ' ')).toContain(
      `With \`accessToken: { ttlSeconds: 900 }\` there are ${renewals}.`,
    );
  });
});

test.each([
  ['each by itself', scripts.crowd],
  ['20 of a page, one after the other', scripts.page],
  ['20 of a page at once', scripts.burst],
])('a million calls, %s', async (name, script) => {
  const { calls, trips } = await playScript(script);
  const tripsOfMillion = (1_000_000 * trips) / calls;
  const [ipv4 = 0, ipv6 = 0] = commandsOf('a call, among others').map(
    (commands) => commands * tripsOfMillion,
  );
  const dollars = Math.round((100 * 0.2 * ipv4) / 100_000) / 100;
  expect(tableOf('A million calls')[name]).toEqual([tripsOfMillion, ipv4, ipv6, dollars]);
});

describeWith('redis-server')('Redis commands of one request', () => {
  const redis = useRedisBridge('redis-server');
  let counted: Record<string, number>[];

  beforeAll(async () => {
    // As the defaults, but no window ends meanwhile: a limit's first count of a window costs one command more.
    const { leaseSeconds: _, ...defaults } = defaultLimits;
    const months = Object.entries<Limit>(defaults).map(([name, limit]) => [
      name,
      { ...limit, limit: 1_000_000, windowSeconds: 30 * 86_400 },
    ]);
    const policy = { limits: Object.fromEntries(months) as Partial<Limits> };
    const stacks = {
      guard: await startGuardStack({ redis: redis(), policy }),
      broker: await startBrokerStack({ redis: redis(), policy }),
    };
    const countOf = async (answer: () => Response | Promise<Response>) => {
      const before = await commandsRun(redis());
      expect((await answer()).status).toBe(200);
      return (await commandsRun(redis())) - before;
    };

    async function visit(address: string): Promise<Record<string, number>> {
      const { guard, broker } = stacks;
      const email = `${crypto.randomUUID()}@visitor.invalid`;
      const logIn = formOf({ grant_type: 'password', username: email, password: 'correct-horse-battery' });
      const signUp = await countOf(() => guard.request('/signup', signUpOf(email), address));
      const loggedIn = await countOf(() => guard.request('/token', logIn, address));

      let token = await broker.identityToken();
      const exchange = (type: string) => async () => {
        const fields = { grant_type: tokenExchangeGrant, subject_token: token, subject_token_type: type };
        const response = await broker.request('/session/token', formOf(fields), address);
        token = ((await response.clone().json()) as { access_token: string }).access_token;
        return response;
      };
      const exchanged = await countOf(exchange(jwtTokenType));
      const renewed = await countOf(exchange(accessTokenType));

      // An instance that has just started knows neither Redis's clock nor of anybody, as one does after a minute's rest.
      const work: Promise<unknown>[] = [];
      const gate = await startGateStack({ redis: redis(), policy, waitUntil: (more) => work.push(more) });
      const pass = await gate.mint();
      const alone = await countOf(async () => {
        const response = await gate.call('/api/hello', { token: pass, address });
        await Promise.all(work);
        return response;
      });
      await gate.close();

      // Without that work: the statistics of a second's calls travel together.
      const busy = await startGateStack({ redis: redis(), policy });
      await busy.call('/api/hello', { address });
      const amongOthers = await countOf(() => busy.call('/api/hello', { address }));
      await busy.close();
      return {
        'sign-up': signUp,
        'log-in': loggedIn,
        exchange: exchanged,
        renewal: renewed,
        'a call, alone': alone,
        'a call, among others': amongOthers,
      };
    }
    // The first visitor finds scripts that Redis does not know yet.
    await visit('203.0.113.6');
    await visit('2001:db8:6::6');
    counted = [await visit('203.0.113.7'), await visit('2001:db8:7::7')];
    await stacks.guard.close();
    await stacks.broker.close();
  });

  test('are those of the table', () => {
    const told = Object.entries(requests()).map(([name, cells]) => [name, cells.slice(3)]);
    const names = Object.keys(counted[0] ?? {});
    expect(told).toEqual(names.map((name) => [name, counted.map((commands) => commands[name])]));
  });
});

test('what Redis costs for a month of visitors follows from the tables', () => {
  const million = (commands: number) => Number((commands / 1_000_000).toFixed(1));
  const dollars = (commands: number) => Math.round((0.2 * commands) / 100_000);
  const hours = 100_000;
  const alone = hours * Number(tableOf('A visitor-hour')[10]?.[3]);
  const aloneCalls = hours * 600 * Number(commandsOf('a call, alone')[0]);
  const inPages = 60 * Number(tableOf('A million calls')['20 of a page, one after the other']?.[1]);
  const together = alone - aloneCalls + inPages;
  const text = docs.text.replaceAll(/\s+/g, ' ');
  expect(text).toContain(`Redis gets ${million(alone)} million commands ($${dollars(alone)})`);
  expect(text).toContain(
    `and ${million(together)} million ($${dollars(together)}) when they come as pages of 20`,
  );
});

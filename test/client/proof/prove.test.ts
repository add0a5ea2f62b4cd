import { beforeEach, expect, test, vi } from 'vitest';
import type { ProofProgress } from '../../../client/index.ts';
import { prove } from '../../../client/proof/prove.ts';
import type { ChallengeResponse } from '../../../src/protocol/messages.ts';
import { createWork, readProof } from '../support/challenge.ts';
import { brokerError, FakeSite, failureOf, json, origin } from '../support/fakeSite.ts';
import { freeze, pass } from '../support/freeze.ts';

freeze();
const line = 'GET /session/challenge';
let site: FakeSite;
let told: ProofProgress[];
beforeEach(() => {
  site = new FakeSite();
  site.install();
  told = [];
  // As in a service worker.
  vi.stubGlobal('Worker', undefined);
});

const run = () => prove({ brokerUrl: `${origin}/session`, report: (progress) => told.push(progress) });

function offer(...challenges: ChallengeResponse[]): void {
  site.once(line, ...challenges.map((challenge) => () => json(200, challenge)));
}

test('a site that requires no proof gets none, and nothing is reported', async () => {
  offer({ proof: 'none' });
  expect(await run()).toBeUndefined();
  expect(site.lines()).toEqual([line]);
  expect(told).toEqual([]);
});

test('work is done in place where there is no worker, and holds', async () => {
  const work = await createWork({ counter: 40, cost: 1000 });
  offer(work);
  expect(await readProof(await run())).toEqual({ challenge: work.challenge, verified: true });
  expect(site.lines()).toEqual([line]);
});

/** Makes each look at the clock that measures be 20 ms after the one before. */
function stepClock(): { now: number } {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock.now += 20;
    return clock.now;
  });
  return clock;
}

test('progress is reported some ten times a second, from nothing to all', async () => {
  const clock = stepClock();
  offer(await createWork({ counter: 99 }));
  await run();
  const fractions = told.map(({ fraction }) => fraction);
  expect(fractions.length).toBeGreaterThan(20);
  expect(fractions.length).toBeLessThan(100);
  expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
  expect(told[0]).toEqual({ fraction: 0 });
  expect(told.at(-1)).toEqual({ fraction: 1, milliseconds: clock.now - 20 });
  expect(told.slice(0, -1).every((progress) => !('milliseconds' in progress))).toBe(true);
});

test('a challenge that expires before it is solved is replaced once, for a proof that holds', async () => {
  const second = await createWork();
  offer(await createWork({ counter: 1e9, expiresInSeconds: 5.1 }), second);
  expect(await readProof(await run())).toEqual({ challenge: second.challenge, verified: true });
  expect(site.lines()).toEqual([line, line]);
  expect(told.filter(({ fraction }) => fraction === 0)).toHaveLength(2);
});

test('when the second expires too, that is the end', async () => {
  const hard = await createWork({ counter: 1e9, expiresInSeconds: 5.1 });
  offer(hard, hard);
  expect(await failureOf(run())).toMatchObject({ code: 'proof_expired', status: undefined });
  expect(site.lines()).toEqual([line, line]);
  expect(told.some(({ fraction }) => fraction === 1)).toBe(false);
});

test('what expired while the machine slept is not sent, though it was solved', async () => {
  const [first, second] = [await createWork({ counter: 20 }), await createWork()];
  offer(first, second);
  stepClock();
  let slept = false;
  const sleepOnce = ({ fraction }: ProofProgress) => {
    if (slept || fraction === 0) return;
    slept = true;
    pass(296);
  };
  const proof = await prove({ brokerUrl: `${origin}/session`, report: sleepOnce });
  expect((await readProof(proof)).challenge).toEqual(second.challenge);
});

test('the time that a challenge was on its way counts', async () => {
  const [first, second] = [await createWork(), await createWork()];
  site.once(line, () => {
    pass(296);
    return json(200, first);
  });
  offer(second);
  expect((await readProof(await run())).challenge).toEqual(second.challenge);
});

test('a challenge that cannot be solved here is an error with its reason', async () => {
  const work = await createWork();
  work.challenge.parameters.algorithm = 'ARGON2ID';
  offer(work);
  await expect(run()).rejects.toThrow('Unsupported algorithm: ARGON2ID');
});

test('a page without https, where browsers have no crypto.subtle, gets an error that says so', async () => {
  offer(await createWork());
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
  expect(await failureOf(run())).toMatchObject({
    code: 'proof_failed',
    reason: 'Proof of work needs https, or localhost',
  });
});

test('the broker’s refusal keeps its code and its patience', async () => {
  site.once(line, brokerError(429, 'rate_limited', { 'retry-after': '40' }));
  expect(await failureOf(run())).toMatchObject({
    code: 'rate_limited',
    status: 429,
    reason: 'It is rate_limited.',
    retryAfterSeconds: 40,
  });
});

test.each([
  ['a proof that is unknown here', () => json(200, { proof: 'riddle' })],
  ['null', () => json(200, null)],
  ['a page', () => new Response('<!doctype html>')],
])('%s in the broker’s place is reported', async (_, answer) => {
  site.once(line, answer);
  expect(await failureOf(run())).toMatchObject({
    code: 'broker_not_found',
    reason: 'Not the broker',
    url: `${origin}/session/challenge`,
  });
});

test('a challenge that never comes is given up after 20 seconds', async () => {
  const controller = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal);
  site.once(line, () => {
    controller.abort(new DOMException('signal timed out', 'TimeoutError'));
    return new Promise(() => {});
  });
  expect(await failureOf(run())).toMatchObject({ code: 'network_error' });
  expect(timeout.mock.calls).toEqual([[20_000]]);
});

test('Turnstile where there is no page is an error that says so', async () => {
  offer({ proof: 'turnstile', site_key: 'key' });
  expect(await failureOf(run())).toMatchObject({
    code: 'proof_failed',
    reason: 'Turnstile needs a page, and does not work in a worker',
  });
});

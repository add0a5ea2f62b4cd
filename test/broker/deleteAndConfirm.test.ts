import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIdentityClient } from '../../src/identity/client.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';

// What became of a user whose DELETE answers late, wrongly or not at all, over a real Identity. `carryOut` deletes at Identity
// and returns its answer.
type Fault = (signal: AbortSignal, carryOut: () => Promise<Response>) => Response | Promise<Response>;

const broken = () => {
  throw new TypeError('fetch failed');
};
const untilAborted = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
const page = (status: number) => () => new Response('<html>', { status });
const after =
  (next: Fault): Fault =>
  async (signal, carryOut) => {
    await carryOut();
    return next(signal, carryOut);
  };
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The user goes, and whoever asks learns it. */
const gone: Record<string, Fault> = {
  'no fault': (_, carryOut) => carryOut(),
  "is held by the site's own handler": after(untilAborted),
  'breaks off behind the deletion': after(broken),
  'is answered 502 behind the deletion': after(page(502)),
  'is answered 500 behind the deletion': after(() => Response.json({ code: 500, msg: 'x' }, { status: 500 })),
  'is answered with a page behind the deletion': after(page(200)),
  'is answered 404 by a proxy behind the deletion': after(page(404)),
  'waits for an Identity that was stopped': async (_, carryOut) => {
    await wait(1600);
    return carryOut();
  },
  'is cut off, and carried out later': async (signal, carryOut) => {
    await untilAborted(signal).catch(() => wait(150));
    return carryOut();
  },
};
/** The user stays. */
const present: Record<string, Fault> = {
  'never arrives': untilAborted,
  'breaks off': broken,
  'is answered 502': page(502),
  'is answered 401 by Identity': () => Response.json({ code: 401, msg: 'User not allowed' }, { status: 401 }),
  'is answered 200 by a page that says so to everything': page(200),
  'is answered 200 with other JSON': () => Response.json({ ok: true }),
  'is answered 204': () => new Response(null, { status: 204 }),
  'is answered 404 by a page': page(404),
};
/** Nobody can tell: the question is answered as wrongly as the DELETE. */
const unknown: Record<string, { question: Fault; deletion: Fault }> = {
  'hangs, and so does the question': { deletion: after(untilAborted), question: untilAborted },
  'breaks off, and so does the question': { deletion: after(broken), question: broken },
  'is held, and a page says 404 to the question': { deletion: after(untilAborted), question: page(404) },
  'never arrives, and the question is answered 502': { deletion: untilAborted, question: page(502) },
};

const roundsEach = 2;

let stack: BrokerStack;
const deletions = new Map<string, Fault>();
/** By Identity token: from the second on. */
const questions = new Map<string, Fault>();
const asked = new Map<string, number>();

beforeAll(async () => {
  const wide = { limit: 100_000, windowSeconds: 60 };
  stack = await startBrokerStack({ policy: { limits: { exchange: wide, site: wide } } });
  // A busy machine must not be what makes an answer late.
  stack.broker.identityBudgetMilliseconds = 6000;
  stack.broker.identity = createIdentityClient({
    url: stack.identity.url,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      // A Request follows its signal only until garbage is collected (undici).
      const signal = init?.signal as AbortSignal;
      const bearer = request.headers.get('authorization')?.slice(7) ?? '';
      if (request.method === 'DELETE') {
        const fault = deletions.get(request.url.split('/').at(-1) ?? '');
        if (fault) return fault(signal, () => fetch(new Request(request, { signal: null })));
      } else if (questions.has(bearer)) {
        asked.set(bearer, (asked.get(bearer) ?? 0) + 1);
        const fault = asked.get(bearer) === 1 ? undefined : questions.get(bearer);
        if (fault) return fault(signal, () => fetch(request));
      }
      return fetch(request);
    },
  });
});
afterAll(() => stack.close());

async function signUp(fault: { deletion: Fault; question?: Fault }) {
  const user = stack.identity.users.plant({ email: `${crypto.randomUUID()}@visitor.invalid` });
  const token = await stack.identity.signAccessToken(user.id);
  deletions.set(user.id, fault.deletion);
  if (fault.question) questions.set(token, fault.question);
  return {
    exchange: async () => outcome(await stack.exchange(token)),
    exists: () => stack.identity.users.list().some(({ id }) => id === user.id),
    /** As when Identity is well again. */
    mend() {
      deletions.delete(user.id);
      questions.delete(token);
    },
  };
}

describe('the DELETE', () => {
  test.concurrent.each(Object.entries(gone))(
    '%s: the user is gone, and its visitor has a token',
    async (_, deletion) => {
      const visitor = await signUp({ deletion });
      expect([await visitor.exchange(), visitor.exists()]).toEqual(['200', false]);
    },
  );

  test.concurrent.each(Object.entries(present))(
    '%s: 503, and the reservation is released, so that the next try succeeds',
    async (_, deletion) => {
      const visitor = await signUp({ deletion });
      expect(await visitor.exchange()).toMatch(/^503 (identity_unavailable|operator_token_refused)$/);
      expect(visitor.exists()).toBe(true);
      visitor.mend();
      expect([await visitor.exchange(), visitor.exists()]).toEqual(['200', false]);
    },
  );

  test.concurrent.each(Object.entries(unknown))('%s: 503, and the reservation stays', async (_, fault) => {
    const visitor = await signUp(fault);
    expect(await visitor.exchange()).toBe('503 identity_unavailable');
    visitor.mend();
    expect(await visitor.exchange()).toMatch(/^400 (already_exchanged|subject_token_user_gone)$/);
  });
});

test('many at once with every fault: one token for each user at most, and none lost that is known', async () => {
  const faults = [
    ...Object.values(gone).map((deletion) => ({ deletion, isKnown: true })),
    ...Object.values(present).map((deletion) => ({ deletion, isKnown: true })),
    ...Object.values(unknown).map((fault) => ({ ...fault, isKnown: false })),
  ];
  const visits = await Promise.all(
    Array.from({ length: faults.length * roundsEach }, async (_, index) => {
      const fault = faults[index % faults.length] as (typeof faults)[number];
      const visitor = await signUp(fault);
      const outcomes = await Promise.all([0, 0, 0].map(() => visitor.exchange()));
      // Whoever is told to come again does, while the fault lasts.
      for (let turn = 0; turn < 2 && outcomes.some((each) => each.startsWith('503')); turn += 1) {
        outcomes.push(await visitor.exchange());
      }
      return { fault, minted: outcomes.filter((each) => each === '200').length, exists: visitor.exists() };
    }),
  );
  expect(visits.filter(({ minted }) => minted > 1)).toEqual([]);
  expect(visits.filter(({ minted, exists }) => minted > 0 && exists)).toEqual([]);
  expect(visits.filter(({ fault, minted, exists }) => fault.isKnown && !exists && minted === 0)).toEqual([]);
  expect(visits.filter(({ minted }) => minted === 1)).toHaveLength(Object.keys(gone).length * roundsEach);
});

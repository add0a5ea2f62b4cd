import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import type { TokenStorage } from '../../client/options.ts';
import { boundStorage, type HeldToken, openTokenStore } from '../../client/storage.ts';
import { fc } from '../support/property.ts';
import { coldStart, FakeSite, FakeStorage, optionsWith, origin, tokenRefused } from './support/fakeSite.ts';
import { freeze, pass, skipWaits } from './support/freeze.ts';

freeze();
let site: FakeSite;
let storage: FakeStorage;
const key = `daypass ${origin}/session  `;
const open = (given: TokenStorage | null | undefined = storage) =>
  createSession(optionsWith({ storage: given }));
const fail = () => {
  throw new DOMException('denied', 'SecurityError');
};
const reject = () => Promise.reject(new DOMException('denied', 'InvalidStateError'));
const never = () => new Promise<never>(() => {});

/** As `storage`, with each answer a promise that takes a few turns. */
const slow: TokenStorage = {
  getItem: async (name) => {
    await new Promise(setImmediate);
    return storage.getItem(name);
  },
  setItem: async (name, value) => {
    await new Promise(setImmediate);
    storage.setItem(name, value);
  },
  removeItem: async (name) => {
    await new Promise(setImmediate);
    storage.removeItem(name);
  },
};

beforeEach(() => {
  site = new FakeSite();
  site.install();
  storage = new FakeStorage();
});

/** Asks for the token so often, one after another. */
async function ask(session: ReturnType<typeof open>, times: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let time = 0; time < times; time += 1) tokens.push(await session.token());
  return tokens;
}

describe('an asynchronous storage', () => {
  test('makes one user in five starts', async () => {
    const tokens: string[] = [];
    for (let start = 0; start < 5; start += 1) tokens.push(await open(slow).token());
    expect(new Set(tokens).size).toBe(1);
    expect(site.lines()).toEqual(coldStart);
  });

  test('makes one user of many calls at once, in two tabs', async () => {
    const tabs = [open(slow), open(slow)];
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, call) => tabs[call % 2]?.token()));
    expect(new Set(tokens).size).toBe(1);
    expect(site.lines()).toEqual(coldStart);
  });

  test('shows what another tab renewed and revoked', async () => {
    const [first, second] = [open(slow), open(slow)];
    await first.token();
    const renewed = await second.token({ renew: true });
    expect(await first.token()).toBe(renewed);
    await second.revoke();
    site.lines();
    expect(await first.token()).not.toBe(renewed);
    expect(site.lines()).toEqual(coldStart);
  });

  test('has forgotten the token once revoke() is done', async () => {
    const session = open(slow);
    await session.token();
    await session.revoke();
    expect([...storage.items]).toEqual([]);
  });
});

const keepsNothing: [string, TokenStorage | null][] = [
  ['null', null],
  ['a stub', { getItem: () => null, setItem: () => {}, removeItem: () => {} }],
  ['a stub that gives undefined', { getItem: () => undefined, setItem: () => {}, removeItem: () => {} }],
  ['a stub of promises', { getItem: async () => null, setItem: async () => {}, removeItem: async () => {} }],
  ['one that throws', { getItem: fail, setItem: fail, removeItem: fail }],
  ['one that rejects', { getItem: reject, setItem: reject, removeItem: reject }],
  ['one that is full', { getItem: () => null, setItem: fail, removeItem: () => {} }],
  ['one that cannot be read', { getItem: fail, setItem: () => {}, removeItem: () => {} }],
  ['one of garbage', { getItem: () => `${Math.random()}{`, setItem: () => {}, removeItem: () => {} }],
  ['one of objects', { getItem: () => ({}) as string, setItem: () => {}, removeItem: () => {} }],
  ['one that never answers', { getItem: never, setItem: never, removeItem: never }],
  ['one whose writes never end', { getItem: () => null, setItem: never, removeItem: never }],
];

describe.each(keepsNothing)('a storage that keeps nothing: %s', (_, given) => {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockRestore();
    // Whatever waits, waits its time; the clock of tokens moves by it.
    skipWaits();
  });

  test('makes one user in eight calls, and another after revoke()', async () => {
    const session = open(given);
    expect(new Set(await ask(session, 8)).size).toBe(1);
    expect(site.lines()).toEqual(coldStart);
    await session.revoke();
    expect(site.lines()).toEqual(['POST /session/revoke']);
    expect(new Set(await ask(session, 8)).size).toBe(1);
    expect(site.lines()).toEqual(coldStart);
  });

  test('keeps what was renewed', async () => {
    const session = open(given);
    await session.token();
    const renewed = await session.token({ renew: true });
    expect(await ask(session, 3)).toEqual([renewed, renewed, renewed]);
    site.lines();
    pass(250);
    await session.token();
    expect(site.lines()).toEqual(['POST /session/token']);
  });
});

describe('a storage that changes its mind', () => {
  let isBlocked: boolean;
  const moody: TokenStorage = {
    getItem: (name) => (isBlocked ? fail() : storage.getItem(name)),
    setItem: (name, value) => (isBlocked ? fail() : storage.setItem(name, value)),
    removeItem: (name) => (isBlocked ? fail() : storage.removeItem(name)),
  };

  test('is blocked at first and works later: the session goes on, and other tabs join it', async () => {
    isBlocked = true;
    const session = open(moody);
    const first = await session.token();
    isBlocked = false;
    expect(await session.token()).toBe(first);
    const renewed = await session.token({ renew: true });
    expect(await open(moody).token()).toBe(renewed);
    expect(site.lines()).toEqual([...coldStart, 'POST /session/token']);
  });

  test('works at first and is blocked later: the session goes on', async () => {
    isBlocked = false;
    const session = open(moody);
    const first = await session.token();
    isBlocked = true;
    expect(await session.token()).toBe(first);
    const renewed = await session.token({ renew: true });
    // What it still holds is older than what was made meanwhile.
    isBlocked = false;
    expect(await session.token()).toBe(renewed);
    expect(site.lines()).toEqual([...coldStart, 'POST /session/token']);
  });

  test('what was revoked while it was blocked does not come back', async () => {
    isBlocked = false;
    const session = open(moody);
    const first = await session.token();
    isBlocked = true;
    await session.revoke();
    isBlocked = false;
    expect(await session.token()).not.toBe(first);
  });

  test('what another tab revoked while it was blocked here does not come back', async () => {
    isBlocked = false;
    const session = open(moody);
    const first = await session.token();
    isBlocked = true;
    expect(await session.token()).toBe(first);
    await open().revoke();
    isBlocked = false;
    expect(await session.token()).not.toBe(first);
  });
});

test('a full storage does not hide what another tab, with more room, has renewed', async () => {
  let isFull = false;
  const full: TokenStorage = {
    getItem: (name) => storage.getItem(name),
    setItem: (name, value) => (isFull ? fail() : storage.setItem(name, value)),
    removeItem: (name) => storage.removeItem(name),
  };
  const [here, there] = [open(full), open()];
  await here.token();
  isFull = true;
  const mine = await here.token({ renew: true });
  expect(await here.token()).toBe(mine);
  const theirs = await there.token({ renew: true });
  expect(await here.token()).toBe(theirs);
  await there.revoke();
  site.lines();
  await here.token();
  expect(site.lines()).toEqual(coldStart);
});

test.each(['', 'null', '5', '{"theme":"dark"}', '[]'])(
  'garbage that something else leaves in our place costs no second user: %s',
  async (garbage) => {
    const session = open();
    const token = await session.token();
    storage.items.set(key, garbage);
    expect(await session.token()).toBe(token);
    expect(site.lines()).toEqual(coldStart);
  },
);

const good = {
  access_token: 'stored',
  expires_in: 300,
  expiresAt: Date.UTC(2027, 0, 15) + 300_000,
  sessionEndsAt: Date.UTC(2027, 0, 15) + 3_600_000,
};

test('what another page of the site stored is used', async () => {
  storage.items.set(key, JSON.stringify(good));
  expect(await open().token()).toBe('stored');
  expect(site.lines()).toEqual([]);
});

test.each([
  ['access_token', { to: 'x' }],
  ['access_token', ['stored']],
  ['access_token', 7],
  ['access_token', ''],
  ['access_token', 'two words'],
  ['access_token', 'a\nb: c'],
  ['access_token', 'Ünicode'],
  ['expires_in', '300'],
  ['expires_in', null],
  ['expiresAt', `${good.expiresAt}`],
  ['expiresAt', true],
  ['sessionEndsAt', `${good.sessionEndsAt}`],
  ['sessionEndsAt', null],
  ['sessionEndsAt', undefined],
])('what is stored with a wrong %s is never sent, nor renewed: %j', async (name, value) => {
  storage.items.set(key, JSON.stringify({ ...good, [name]: value }));
  expect(await open().token()).toBe('access-2');
  expect(site.lines()).toEqual(coldStart);
  expect(site.calls.every((call) => !call.headers.has('authorization'))).toBe(true);
});

test.each([
  ['null', null],
  ['undefined', undefined],
])('a localStorage that is %s is done without', async (_, value) => {
  vi.stubGlobal('localStorage', value);
  const session = createSession(optionsWith({ storage: undefined }));
  expect(new Set(await ask(session, 3)).size).toBe(1);
  expect(site.lines()).toEqual(coldStart);
});

test('a session that the backend gave up is replaced once, in an asynchronous storage too', async () => {
  const session = open(slow);
  site.always('GET /api/a', tokenRefused);
  site.always('GET /api/b', tokenRefused);
  await session.fetch(`${origin}/api/a`);
  await session.fetch(`${origin}/api/b`);
  await expect.poll(() => site.calls.filter(({ line }) => line.endsWith('/signup'))).toHaveLength(2);
});

describe('a storage that answers late', () => {
  /** Answers what was asked, in this order, when it is told to. */
  let held: (() => void)[];
  beforeEach(() => {
    held = [];
  });
  const late = <T>(answer: () => T) =>
    new Promise<T>((resolve) => {
      held.push(() => resolve(answer()));
    });
  const lazy: TokenStorage = {
    getItem: (name) => late(() => storage.getItem(name)),
    setItem: (name, value) => late(() => storage.setItem(name, value)),
    removeItem: (name) => late(() => storage.removeItem(name)),
  };
  const token = (access_token: string) => ({ ...good, access_token }) as never;
  async function answerAll(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      for (const answer of held.splice(0)) answer();
      await new Promise(setImmediate);
    }
  }

  test('is waited for two seconds, once, and then not asked until it has answered', async () => {
    const waits = skipWaits();
    const store = openTokenStore(key, boundStorage(lazy));
    expect(await store.read()).toBeUndefined();
    expect(waits).toEqual([2]);
    expect(await store.read()).toBeUndefined();
    expect(held).toHaveLength(1);
    expect(waits).toEqual([2]);
  });

  test('holds at the end what was written last, and nothing older comes back', async () => {
    const waits = skipWaits();
    const store = openTokenStore(key, boundStorage(lazy));
    await store.write(token('one'));
    await store.write(token('two'));
    await store.write(token('three'));
    expect(waits).toEqual([2]);
    expect((await store.read())?.access_token).toBe('three');
    vi.unstubAllGlobals();
    await answerAll();
    expect(JSON.parse(storage.getItem(key) ?? '{}').access_token).toBe('three');
    const read = store.read();
    await answerAll();
    expect((await read)?.access_token).toBe('three');
  });

  test('loses what was forgotten meanwhile', async () => {
    skipWaits();
    const store = openTokenStore(key, boundStorage(lazy));
    await store.write(token('one'));
    await store.write(undefined);
    vi.unstubAllGlobals();
    await answerAll();
    expect([...storage.items]).toEqual([]);
  });

  test('is read once it has answered', async () => {
    storage.items.set(key, JSON.stringify(good));
    skipWaits();
    const store = openTokenStore(key, boundStorage(lazy));
    expect(await store.read()).toBeUndefined();
    vi.unstubAllGlobals();
    await answerAll();
    const read = store.read();
    await answerAll();
    expect((await read)?.access_token).toBe('stored');
  });
});

describe('whatever storage does, and in whatever order', () => {
  /** How a storage behaves until it is told otherwise. */
  const moods = ['works', 'blocked', 'full', 'forgets', 'hides'] as const;
  type Mood = (typeof moods)[number];
  type Step = { tab: number; mood: Mood } | { tab: number; isForgotten: boolean };

  const tab = fc.integer({ min: 0, max: 1 });
  const write = fc.record({ tab, isForgotten: fc.boolean() });
  const change = fc.record({ tab, mood: fc.constantFrom(...moods) });
  const stepsOf = (...kinds: fc.Arbitrary<Step>[]) => fc.array(fc.oneof(...kinds), { maxLength: 30 });

  /** The token that a step writes, which is like no other; undefined where it forgets. */
  const tokenOf = (step: Step, index: number) =>
    'isForgotten' in step && !step.isForgotten ? `token-${index}` : undefined;

  function openTabs(isAsynchronous: boolean) {
    const shared = new FakeStorage();
    return [0, 1].map(() => {
      const state: { mood: Mood } = { mood: 'works' };
      const moody: TokenStorage = {
        getItem: (name) =>
          state.mood === 'blocked' || state.mood === 'hides' ? fail() : shared.getItem(name),
        setItem: (name, value) => {
          if (state.mood === 'blocked' || state.mood === 'full') fail();
          if (state.mood !== 'forgets') shared.setItem(name, value);
        },
        removeItem: (name) => {
          if (state.mood === 'blocked') fail();
          if (state.mood !== 'forgets') shared.removeItem(name);
        },
      };
      const later: TokenStorage = {
        getItem: async (name) => moody.getItem(name),
        setItem: async (name, value) => moody.setItem(name, value),
        removeItem: async (name) => moody.removeItem(name),
      };
      return { state, store: openTokenStore(key, boundStorage(isAsynchronous ? later : moody)) };
    });
  }

  const held = (token: string | undefined): HeldToken | undefined =>
    token === undefined ? undefined : ({ ...good, access_token: token } as HeldToken);

  test('one tab holds what it wrote last, and nothing that it forgot comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), stepsOf(write, change), async (isAsynchronous, steps) => {
        const [only] = openTabs(isAsynchronous);
        let last: string | undefined;
        for (const [index, step] of steps.entries()) {
          if ('mood' in step) Object.assign(only?.state ?? {}, { mood: step.mood });
          else {
            last = tokenOf(step, index);
            await only?.store.write(held(last));
          }
          expect((await only?.store.read())?.access_token).toBe(last);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('two tabs whose storage works hold what either wrote last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), stepsOf(write), async (isAsynchronous, steps) => {
        const tabs = openTabs(isAsynchronous);
        for (const [index, step] of steps.entries()) {
          const last = tokenOf(step, index);
          await tabs[step.tab]?.store.write(held(last));
          for (const { store } of tabs) expect((await store.read())?.access_token).toBe(last);
        }
      }),
    );
  });

  test('a tab whose storage works again sees what the other wrote and revoked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), stepsOf(write, change), async (isAsynchronous, steps) => {
        const tabs = openTabs(isAsynchronous);
        for (const [index, step] of steps.entries()) {
          const one = tabs[step.tab];
          if ('mood' in step) Object.assign(one?.state ?? {}, { mood: step.mood });
          else await one?.store.write(held(tokenOf(step, index)));
          await one?.store.read();
        }
        for (const { state } of tabs) state.mood = 'works';
        await tabs[1]?.store.write(held('last'));
        expect((await tabs[0]?.store.read())?.access_token).toBe('last');
        await tabs[1]?.store.write(undefined);
        expect(await tabs[0]?.store.read()).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  test('what was read before a write, and is answered after it, does not undo it', async () => {
    const answers: (() => void)[] = [];
    const reordering: TokenStorage = {
      getItem: (name) => {
        const text = storage.getItem(name);
        return new Promise((resolve) => {
          if (answers.length === 0) answers.push(() => resolve(text));
          else resolve(text);
        });
      },
      setItem: (name, value) => storage.setItem(name, value),
      removeItem: (name) => storage.removeItem(name),
    };
    for (const before of [undefined, 'old']) {
      answers.length = 0;
      storage.items.clear();
      if (before) storage.items.set(key, JSON.stringify({ ...good, access_token: before }));
      const store = openTokenStore(key, reordering);
      const read = store.read();
      await store.write(held('new'));
      answers[0]?.();
      expect((await read)?.access_token).toBe('new');
      expect((await store.read())?.access_token).toBe('new');
    }
  });
});

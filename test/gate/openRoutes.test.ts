import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchRoute } from '../../src/gate/matchRoute.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Route } from '../../src/policy/types.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { fc } from '../support/property.ts';

const audiences = {
  api: { secret: 'DAYPASS_SECRET', scopes: ['admin', 'read'] },
  other: { secret: 'ADMIN_SECRET' },
};

/** What a call must bring for the path: `nothing`, `a pass`, `a pass for …`, or the code of its refusal. */
function demandOf(routes: readonly Route[], pathname: string, method = 'GET'): string {
  const checked = definePolicy({ audiences, routes }).routes;
  try {
    const { verify, scope, audience } = matchRoute(
      checked,
      new URL(`https://s.example${pathname}`).pathname,
      method,
    );
    if (!verify) return 'nothing';
    return `a pass${audience === 'api' ? '' : ` of ${audience}`}${scope === undefined ? '' : ` for ${scope}`}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('an open route', () => {
  const beside: Route[] = [{ path: '/api/private/*', verify: false }, { path: '/api/*' }];
  const alone: Route[] = [{ path: '/api/private/*', verify: false }];

  test.each([
    '/api/private',
    '/api/private/',
    '/api/private/x',
    '/api/private/X;y=%C3%BC.',
    '/api/private/a/B',
  ])('%s is under it', (path) => {
    expect(demandOf(beside, path)).toBe('nothing');
    expect(demandOf(alone, path)).toBe('nothing');
  });

  test.each([
    '/api/PRIVATE/x',
    '/API/private/x',
    '/api/private;/x',
    '/api;v=1/private/x',
    '/api/private./x',
    '/api/private%20/x',
    '/api/private%20./x',
    '/api/%20private/x',
    '/api/private+/x',
    '/api/%70rivate/x',
    '/api/pr%C4%B1vate/x',
    '/api/%EF%BD%90rivate/x',
    '/api/private%C2%AD/x',
    '/api/priva%CC%81te/x',
    '/api/private::$DATA/x',
    '/api/private%3F/x',
  ])('%s is spelled otherwise: the next route decides, or it is refused', (path) => {
    expect(demandOf(beside, path)).toBe('a pass');
    expect(demandOf(alone, path)).toBe('path_refused');
  });

  test('a single path is open as it is spelled, and a slash at the end is another spelling', () => {
    const routes: Route[] = [{ path: '/api/login', verify: false }, { path: '/api/*' }];
    expect(demandOf(routes, '/api/login')).toBe('nothing');
    expect(demandOf(routes, '/api/login/')).toBe('a pass');
    expect(demandOf(routes, '/api/Login')).toBe('a pass');
    expect(demandOf([{ path: '/api/login/', verify: false }], '/api/login/')).toBe('nothing');
  });

  test.each(['/api/caf%C3%A9/*', '/api/caf%c3%a9/*', '/api/café/*'])(
    'spelled %s in the policy, it is open as browsers write it',
    (path) => {
      expect(demandOf([{ path, verify: false }], '/api/café/x')).toBe('nothing');
      expect(demandOf([{ path, verify: false }], '/api/cafe/x')).toBe('path_refused');
    },
  );

  test('behind a protected one, it takes no spelling of that', () => {
    const routes: Route[] = [
      { path: '/api/admin/*', scope: 'admin' },
      { path: '/api/*', verify: false },
    ];
    expect(demandOf(routes, '/api/users')).toBe('nothing');
    for (const path of [
      '/api/ADMIN/x',
      '/api/admin./x',
      '/api/%EF%BD%81dmin/x',
      '/api/admin%C2%A0/x',
      '/api/admi%C5%84',
    ])
      expect(demandOf(routes, path)).toBe('a pass for admin');
  });

  test('nor one that writes white space within a name as a plus', () => {
    const routes: Route[] = [
      { path: '/api/my%20files/*', scope: 'admin' },
      { path: '/api/*', verify: false },
    ];
    for (const path of ['/api/my%20files/x', '/api/my+files/x', '/api/MY+files', '/api/my%2Bfiles/x']) {
      expect(demandOf(routes, path)).toBe('a pass for admin');
    }
  });

  test('of two that are open, the exact one decides', () => {
    const routes: Route[] = [
      { path: '/api/a/*', verify: false, upstream: 'FIRST' },
      { path: '/api/*', verify: false, upstream: 'SECOND' },
    ];
    const checked = definePolicy({ routes }).routes;
    expect(matchRoute(checked, '/api/a/x', 'GET').upstream).toBe('FIRST');
    expect(matchRoute(checked, '/api/A/x', 'GET').upstream).toBe('SECOND');
  });
});

describe('a route that asks for less', () => {
  test('does not get what is another path to a strict upstream', () => {
    const routes: Route[] = [
      { path: '/api/status', methods: ['GET'] },
      { path: '/api/*', scope: 'read' },
    ];
    expect(demandOf(routes, '/api/status')).toBe('a pass');
    expect(demandOf(routes, '/api/STATUS')).toBe('a pass for read');
    expect(demandOf(routes, '/api/STATUS', 'POST')).toBe('method_not_allowed');
  });

  test('nor does one that asks for something else', () => {
    const routes: Route[] = [{ path: '/api/public/*', audience: 'other' }, { path: '/api/*' }];
    expect(demandOf(routes, '/api/public/x')).toBe('a pass of other');
    expect(demandOf(routes, '/api/x')).toBe('a pass');
    expect(demandOf(routes, '/api/PUBLIC/x')).toBe('path_refused');
  });
});

/** How some upstream reads a decoded path before it looks it up. */
const lenient: Record<string, (path: string) => string> = {
  'lower case': (path) => path.toLowerCase(),
  'upper case': (path) => path.toUpperCase().toLowerCase(),
  NFC: (path) => path.normalize('NFC'),
  NFKC: (path) => path.normalize('NFKC'),
  'without accents': (path) => path.normalize('NFD').replace(/\p{Mn}/gu, ''),
  'without what is invisible': (path) => path.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, ''),
  'without parameters': (path) => path.replace(/;[^/]*/g, ''),
  Windows: (path) => path.replace(/::\$[^/]*/g, '').replace(/[. ]+(?=\/|$)/g, ''),
  trimmed: (path) => path.replace(/\s+(?=\/|$)/g, '').replace(/\/\s+/g, '/'),
  'plus for space': (path) => path.replaceAll('+', ' '),
  'cut at a query': (path) => path.replace(/[?#].*/s, ''),
  'no slash at the end': (path) => path.replace(/\/+$/, ''),
  'single slashes': (path) => path.replace(/[/\\]+/g, '/'),
  'decoded again': (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path;
    }
  },
  resolved: (path) => {
    const names: string[] = [];
    for (const name of path.split(/[/\\]/)) {
      if (name === '..') names.pop();
      else if (name !== '.') names.push(name);
    }
    return names.join('/');
  },
};

/** Ways to write a letter that some of these undo. */
const likeness: Record<string, string[]> = {
  a: ['A', 'ａ', 'á', 'a\u0301', 'ⓐ'],
  e: ['E', 'ｅ', 'ê'],
  i: ['I', 'ı', 'İ', 'ｉ', 'ⅰ'],
  k: ['K', '\u212a'],
  s: ['S', 'ſ', 'ｓ'],
  '/': ['//', '/./', '/x/../', '/%2e/', '／', '\\', '/;/', '/ /', '/+/'],
};
const endings = [
  ';',
  ';x=1',
  '.',
  ' ',
  '. ',
  '+',
  '\u00a0',
  '\u00ad',
  '\u200b',
  '::$DATA',
  '?',
  '#',
  '%3f',
  '..;',
  '..',
];

/** A path of which letters are written in another way, encoded or not, with something at the ends of its names. */
function spellingOf(path: string): fc.Arbitrary<string> {
  const rare = <T>(value: T, others: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 10, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others });
  const letters = [...path].map((letter, index) => {
    const others = likeness[letter] ?? [letter.toUpperCase()];
    // The first slash begins the path.
    const written = index === 0 ? fc.constant(letter) : rare(letter, fc.constantFrom(...others));
    const encoded = fc
      .tuple(written, rare(false, fc.constant(true)))
      .map(([text, isEncoded]) =>
        isEncoded && text !== '/' ? [...new TextEncoder().encode(text)].map(hex).join('') : text,
      );
    const ends = path[index + 1] === '/' || index === path.length - 1;
    return fc
      .tuple(encoded, ends ? rare('', fc.constantFrom(...endings)) : fc.constant(''))
      .map(([text, ending]) => text + ending.replace(/[?#]/, encodeURIComponent));
  });
  return fc.tuple(...letters).map((written) => written.join(''));
}

function hex(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0')}`;
}

describe('whatever spelling some upstream takes for a protected path', () => {
  const isProtected = (path: string) => ['/api/tasks', '/api/tasks/', '/api/desk/likes'].includes(path);
  const protectedFirst: Route[] = [
    { path: '/api/tasks/*', scope: 'admin' },
    { path: '/api/desk/likes', scope: 'admin' },
    { path: '/api/*', verify: false },
  ];
  const openFirst: Route[] = [
    { path: '/api/desk/open/*', verify: false },
    { path: '/api/desk/Likes2', verify: false },
    { path: '/api/*', scope: 'admin' },
  ];

  test.each([
    ['behind which everything is open', protectedFirst],
    ['before which something is open', openFirst],
  ])('%s', (_, routes) => {
    const reached = { protected: 0, asked: 0 };
    const readings = fc.shuffledSubarray(Object.values(lenient), { minLength: 1, maxLength: 5 });
    const spelled = fc.constantFrom('/api/tasks', '/api/tasks/', '/api/desk/likes').chain(spellingOf);
    fc.assert(
      fc.property(spelled, readings, (written, upstream) => {
        const { pathname } = new URL(`https://s.example${written}`);
        const demand = demandOf(routes, pathname);
        let read = lenient['decoded again']?.(pathname) ?? pathname;
        for (const reading of upstream) read = reading(read);
        if (!isProtected(read)) return;
        reached.protected += 1;
        if (demand === 'a pass for admin') reached.asked += 1;
        expect(demand, `${pathname}, read as ${read}`).not.toBe('nothing');
        expect(['a pass for admin', 'path_refused'], pathname).toContain(demand);
      }),
      { numRuns: 20_000 },
    );
    // Not all of it is refused.
    expect(reached.protected).toBeGreaterThan(2_000);
    expect(reached.asked).toBeGreaterThan(1_000);
  });
});

describe('at the gate', () => {
  let stack: GateStack;
  beforeAll(async () => {
    stack = await startGateStack({
      policy: { routes: [{ path: '/api/private/*', verify: false }, { path: '/api/*' }] },
    });
  });
  afterAll(() => stack.close());

  test('no spelling of an open path reaches the upstream without a pass', async () => {
    const paths = [
      '/api/PRIVATE/x',
      '/api/private;/x',
      '/api/private./x',
      '/api/%70rivate/x',
      '/api/priv%C4%B1te/x',
    ];
    for (const path of paths) expect((await stack.request(path)).status, path).toBe(401);
    expect(stack.received).toEqual([]);
    expect((await stack.request('/api/private/x')).status).toBe(200);
    expect((await stack.call('/api/PRIVATE/x')).status).toBe(200);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchRoute, resolveUpstream } from '../../src/gate/matchRoute.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Route } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { fc } from '../support/property.ts';

const audiences = { api: { secret: 'DAYPASS_SECRET', scopes: ['admin'] } };

/** What a call must bring for the path: `nothing`, `a pass`, `a pass for …`, or the code of its refusal. */
function demandOf(routes: readonly Route[], pathname: string): string {
  const checked = definePolicy({ audiences, routes }).routes;
  const url = new URL(`https://s.example${pathname}`);
  try {
    const { verify, scope } = matchRoute(checked, url.pathname, 'GET');
    const target = resolveUpstream(new URL('https://b.example/v1'), url);
    expect(target.pathname).toBe(`/v1${url.pathname}`);
    return verify ? `a pass${scope === undefined ? '' : ` for ${scope}`}` : 'nothing';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const files: Route = { path: '/api/files/*', encodedSlashes: true };
const routes: Route[] = [
  { path: '/api/files/secret/*', scope: 'admin' },
  { path: '/api/files/lock', scope: 'admin' },
  { path: '/api/files/room/lock', scope: 'admin' },
  files,
  { path: '/api/admin/*', scope: 'admin' },
  { path: '/api/*' },
];

describe('a route with encodedSlashes', () => {
  test.each([
    '/api/files/a%2Fb',
    '/api/files/a%2fb%2Fc/raw',
    '/api/files/group%2Fproject/merge_requests/1',
    '/api/files/https:%2F%2Fexample.com%2Fpage',
    '/api/files/https://example.com/page',
    '/api/files/https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc%26d',
    '/api/files//a',
    '/api/files/a//',
    '/api/files/%2F',
    '/api/files/a%252Fb',
    '/api/files/100%2525',
    '/api/files/a%2520b',
    '/api/files/caf%C3%A9%2Fx',
    '/api/files/50%25%2Foff',
    '/api/files/plain',
    '/api/files/admin%2Fx',
  ])('takes %s', (path) => {
    expect(demandOf(routes, path)).toBe('a pass');
  });

  test.each([
    // Dots, as segments in some reading or encoded at all.
    '/api/files/..%2Fadmin',
    '/api/files/a%2F..%2F..%2Fadmin',
    '/api/files/a%2F.%2Fb',
    '/api/files/%2F..',
    '/api/files/%252e%252e%252Fadmin',
    '/api/files/a%252F..%252F..%252Fadmin',
    '/api/files/..;%2Fadmin',
    '/api/files/..;x=%2Fadmin',
    '/api/files/a%2F..;x%2Fadmin',
    '/api/files/a%2F%EF%BC%8E%EF%BC%8E%2Fadmin',
    '/api/files/a%2F%20..%2Fadmin',
    '/api/files/a%252eb',
    '/api/files/a%2F%252e',
    // What stays refused everywhere.
    '/api/files/a%5Cb',
    '/api/files/a%255Cb',
    '/api/files/a%2F%00',
    '/api/files/a%2500',
    '/api/files/a%2F%0A',
    '/api/files/a%250A',
    '/api/files/a%2F%ff',
    '/api/files/a%25ff',
    '/api/files/%c0%af',
    '/api/files/a%2F%u002e',
    '/api/files/;%2Fa',
    '/api/files/a%25252Fb',
    '/api/files/a%2F%EF%BC%85252e',
    // Not under the route as it is spelled.
    '/api/files%2Fa',
    '/api/Files/a%2Fb',
    '/api/f%69les/a%2Fb',
    '/api//files/a',
    '//api/files/a',
    '/api/files;x/a%2Fb',
    '/api/other%2Fa',
    '/api/other/a%252Fb',
    '/api/admin/a%2Fb',
    '/elsewhere/a%2Fb',
    // Another route's, to some upstream.
    '/api/files/secret%2Fx',
    '/api/files/secret//x',
    '/api/files//secret/x',
    '/api/files/%2Fsecret%2Fx',
    '/api/files/secret%252Fx',
    '/api/files/%73ecret%2Fx',
    '/api/files/%2573ecret/x',
    '/api/files/SECRET%2Fx',
    '/api/files/secret;a%2Fx',
    '/api/files/secret%3B%2Fx',
    '/api/files/secret%253Ba%252Fx',
    '/api/files/secret%2F',
    // A parameter may hold a slash: what is left is the name before it.
    '/api/files/lock;a%2Fx',
    '/api/files/lock%3Ba%252Fx',
    '/api/files/room%2Flock;a%252Fx',
    '/api/files/room%252Flock',
    '/api/files/room;p%2Flock;a%252Fx',
    '/api/files/secret%3F%2Fx',
    '/api/files/secret%253F%2Fx',
  ])('refuses %s', (path) => {
    expect(demandOf(routes, path)).toBe('path_refused');
  });

  test('is the only one: without it, all of these are refused', () => {
    const plain = [{ path: '/api/files/*' }];
    for (const path of ['/api/files/a%2Fb', '/api/files//a', '/api/files/a%252Fb']) {
      expect(demandOf(plain, path)).toBe('path_refused');
    }
  });

  test('takes what it would take without: other spellings make a call harder', () => {
    const open: Route[] = [
      { ...files, verify: false },
      { path: '/api/*', scope: 'admin' },
    ];
    expect(demandOf(open, '/api/files/a')).toBe('nothing');
    expect(demandOf(open, '/api/files/a%2Fb')).toBe('nothing');
    expect(demandOf(open, '/api/FILES/a')).toBe('a pass for admin');
    expect(demandOf(open, '/api/FILES/a%2Fb')).toBe('path_refused');
  });

  test('may stand behind one that asks for no more', () => {
    const beside: Route[] = [{ path: '/api/files/public/*', verify: false }, files];
    expect(demandOf(beside, '/api/files/public%2Fx')).toBe('a pass');
    expect(demandOf(beside, '/api/files/public/x%2Fy')).toBe('path_refused');
  });
});

test.each([
  [{ path: '/api/*', encodedSlashes: 'yes' }, /routes\[0\].encodedSlashes: must be true or false/],
  [
    { path: '/*', encodedSlashes: true },
    /routes\[0\].encodedSlashes: needs a path that begins with a name, such as \/files\/\*/,
  ],
  [{ path: '/api/a%2Fb/*' }, /routes\[0\].path: write an encoded slash nowhere/],
])('%j is a mistake at construction', (route, reason) => {
  const make = () => definePolicy({ routes: [route as Route] });
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(reason);
});

/** How some upstream reads a path before it looks it up. Each takes and gives a path that may still hold escapes. */
const readings: Record<string, (path: string) => string> = {
  decoded: tolerantlyDecoded,
  'slashes decoded': (path) => path.replace(/%2f/gi, '/'),
  'all but slashes decoded': (path) => path.split(/%2f/i).map(tolerantlyDecoded).join('%2F'),
  'single slashes': (path) => path.replace(/\/+/g, '/'),
  'without parameters': (path) => path.replace(/;[^/]*/g, ''),
  'without encoded parameters': (path) => path.replace(/%3b[^/]*/gi, ''),
  'cut at a query': (path) => path.replace(/[?#].*/s, ''),
  'lower case': (path) => path.toLowerCase(),
  trimmed: (path) => path.replace(/[\s.]+(?=\/|$)/g, '').replace(/\/\s+/g, '/'),
  'no slash at the end': (path) => path.replace(/\/+$/, ''),
  resolved: (path) => {
    const names: string[] = [];
    for (const name of path.split(/[/\\]/)) {
      if (name === '..') names.pop();
      else if (name !== '.') names.push(name);
    }
    return names.join('/');
  },
};

function tolerantlyDecoded(path: string): string {
  try {
    return path.replace(/(%[\da-f]{2})+/gi, decodeURIComponent);
  } catch {
    return path;
  }
}

describe('whatever an upstream makes of slashes', () => {
  const names = [
    'a',
    'x',
    'secret',
    'SECRET',
    '%73ecret',
    '%2573ecret',
    '..',
    '.',
    '%2e.',
    '%252e%252e',
    'admin',
    '',
  ];
  const endings = [
    '',
    ';',
    ';v=1',
    '%3B',
    '%253Bv',
    '%3F',
    '%253F',
    '%20',
    '%25',
    '%5C',
    '%255c',
    '%00',
    '%EF%BC%8F',
  ];
  const separators = ['/', '//', '%2F', '%2f', '%252F', '/;/'];
  const segment = fc.tuple(
    fc.constantFrom(...names, 'secret', 'secret'),
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom(...endings)),
    fc.constantFrom(...separators, ''),
  );
  const written = fc
    .tuple(
      fc.constantFrom('', '', '/', '%2F', 'x/', 'x%2F..%2F'),
      fc.array(segment, { minLength: 1, maxLength: 3 }),
    )
    .map(([start, parts]) => `/api/files/${start}${parts.flat().join('')}`);
  const upstream = fc.array(fc.constantFrom(...Object.values(readings)), { minLength: 1, maxLength: 6 });

  test.each<[string, Route[]]>([
    ['that asks for a pass', routes],
    [
      'that is open',
      [
        { path: '/api/files/secret/*', scope: 'admin' },
        { ...files, verify: false },
        { path: '/api/*', scope: 'admin' },
      ],
    ],
  ])('a looser route %s takes no path of a stricter one', (_, policy) => {
    const seen = { stricter: 0, passed: 0 };
    fc.assert(
      fc.property(written, upstream, (path, steps) => {
        // What a browser resolves by itself, it never sends.
        fc.pre(new URL(`https://s.example${path}`).pathname.startsWith('/api/files/'));
        const demand = demandOf(policy, path);
        let read = new URL(`https://s.example${path}`).pathname;
        for (const step of steps) read = step(read);
        const isStricter =
          /^\/api\/(admin|files\/secret)(\/|$)/.test(read) || !/^\/api\/files(\/|$)/.test(read);
        if (isStricter) seen.stricter += 1;
        if (!['path_refused', 'a pass for admin'].includes(demand)) {
          seen.passed += 1;
          expect(isStricter, `${path}, read as ${read}`).toBe(false);
        }
      }),
      { numRuns: 15_000 },
    );
    // Neither is all of it refused, nor is none of it dangerous.
    expect(seen.passed).toBeGreaterThan(300);
    expect(seen.stricter).toBeGreaterThan(500);
  });

  test('an id of any text arrives as it was sent, unless it holds dots or signs that lead elsewhere', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => {
      const plain = text.normalize('NFKC');
      return !/[\p{Cc}\\;%\p{Cs}]/u.test(text) && !/[\\;%.]/.test(plain);
    });
    fc.assert(
      fc.property(id, id, (first, second) => {
        const path = `/api/files/${encodeURIComponent(`${first}/${second}`)}`;
        expect(demandOf([files], path), path).toBe('a pass');
      }),
    );
  });
});

describe('at the gate', () => {
  let stack: GateStack;
  beforeAll(async () => {
    stack = await startGateStack({ policy: { routes: [files, { path: '/api/*' }] } });
  });
  afterAll(() => stack.close());

  test('the upstream receives the path as it was spelled', async () => {
    for (const path of ['/api/files/a%2Fb', '/api/files/a//b', '/api/files/a%252Fb']) {
      expect((await stack.call(path)).status).toBe(200);
      expect(stack.received.at(-1)?.url).toBe(path);
      expect((await stack.request(path)).status).toBe(401);
    }
  });

  test('elsewhere the refusal names what lets it through', async () => {
    const response = await stack.call('/api/other/a%2Fb');
    expect(response.status).toBe(400);
    const { code, detail } = (await response.json()) as { code: string; detail: string };
    expect(code).toBe('path_refused');
    expect(detail).toContain('encodedSlashes');
  });
});

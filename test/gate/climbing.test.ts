import { expect, test } from 'vitest';
import { matchRoute, resolveUpstream } from '../../src/gate/matchRoute.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { fc } from '../support/property.ts';

const pieces = [
  ...[
    '.',
    '..',
    '...',
    '/',
    '\\',
    ';',
    '%',
    '%%',
    '25',
    '2e',
    '2f',
    '5c',
    '%2e',
    '%2E',
    '%2f',
    '%2F',
    '%5c',
    '%25',
  ],
  ...[
    '%252e',
    '%252f',
    '%255c',
    '%00',
    '%2500',
    '%c0%ae',
    '%c0%af',
    '%e2%80%a5',
    '%ef%bc%8f',
    '%ef%bc%8e',
    '%ef%bc%85',
    '%ef%bc%9b',
    '%ef%bc%bc',
    '%u002e',
    '%09',
    '%3b',
  ],
  ...[
    ' ',
    '%20',
    'a',
    'api',
    'x.json',
    '.well-known',
    'é',
    '%c3%a9',
    '%f0%9f%98%80',
    '~',
    '@',
    ':',
    '+',
    '*',
    '%ff',
  ],
];
const path = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => `/api/${parts.join('')}`);

/** Whether a server that reads the path in its own way ends up above the first segment. */
function climbs(read: string): boolean {
  let depth = 0;
  for (const segment of read.split(/[/\\]/)) {
    const name = segment.replace(/[;\0].*/s, '').trim();
    if (name === '..') depth -= 1;
    else if (name !== '' && name !== '.') depth += 1;
    if (depth < 1 && segment !== '') return true;
  }
  return false;
}

const anyPath = definePolicy().routes.map((route) => ({ ...route, path: '/*' }));

/** As the gate does: the route first, which reads the path, then where that leads. */
function resolve(base: URL, url: URL): URL {
  matchRoute(anyPath, url.pathname, 'GET');
  return resolveUpstream(base, url);
}

test('what passes stays under the prefix, also for a server that decodes once more, or twice', () => {
  let passed = 0;
  fc.assert(
    fc.property(path, (written) => {
      const base = new URL('https://backend.example/v1/');
      let target: URL;
      try {
        target = resolve(base, new URL(`https://site.example${written}`));
      } catch (error) {
        expect(error).toBeInstanceOf(DaypassError);
        return;
      }
      passed += 1;
      expect(target.origin).toBe(base.origin);
      let read = target.pathname;
      for (let round = 0; round <= 2; round += 1) {
        expect(read.startsWith('/v1/')).toBe(true);
        expect(climbs(read)).toBe(false);
        expect(climbs(read.normalize('NFKC'))).toBe(false);
        try {
          read = decodeURIComponent(read);
        } catch {
          return;
        }
      }
    }),
    { numRuns: 20_000 },
  );
  expect(passed).toBeGreaterThan(2_000);
});

test('innocent paths pass, as they were sent', () => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => {
    const plain = text.normalize('NFKC');
    return !/[\p{Cc}\\/;%]/u.test(text) && !/[\\/;%]/.test(plain) && !/^\s*\.{1,2}\s*$/.test(plain);
  });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      // encodeURIComponent leaves dots alone, and so must everybody else.
      const written = `/api/${segments.map(encodeURIComponent).join('/')}`;
      const url = new URL(`https://site.example${written}`);
      expect(resolve(new URL('https://backend.example/v1'), url).href).toBe(
        `https://backend.example/v1${written}`,
      );
    }),
  );
});

test('no spelling of a path escapes the route that it belongs to, be it refused', () => {
  const { routes } = definePolicy({
    audiences: { api: { secret: 'DAYPASS_SECRET' }, admin: { secret: 'ADMIN_SECRET' } },
    routes: [{ path: '/api/admin/*', audience: 'admin' }, { path: '/api/*' }],
  });
  const spellings = fc
    .array(fc.constantFrom('plain', 'encoded', 'Encoded', 'upper'), { minLength: 13, maxLength: 13 })
    .map((ways) =>
      [...'/api/admin/x/'].map((character, index) => {
        if (character === '/') return character;
        const code = `%${character.charCodeAt(0).toString(16)}`;
        const spelled = {
          plain: character,
          encoded: code,
          Encoded: code.toUpperCase(),
          upper: character.toUpperCase(),
        };
        return spelled[ways[index] as keyof typeof spelled];
      }),
    )
    .map((characters) => characters.join(''));
  fc.assert(
    fc.property(spellings, (spelled) => {
      const { pathname } = new URL(`https://site.example${spelled}`);
      let audience = 'refused';
      try {
        ({ audience } = matchRoute(routes, pathname, 'GET'));
      } catch (error) {
        expect(error).toMatchObject({ code: 'path_refused' });
      }
      expect(audience).not.toBe('api');
      if (pathname === '/api/admin/x/') expect(audience).toBe('admin');
    }),
  );
});

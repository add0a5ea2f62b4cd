import { expect, test } from 'vitest';
import { findWeaknesses } from '../../../cli/policy/weaknesses.ts';
import { matchRoute } from '../../../src/gate/matchRoute.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import type { PolicyInput } from '../../../src/policy/types.ts';

const idsOf = (input: PolicyInput) => findWeaknesses(definePolicy(input)).map(({ id }) => id);

test.each<[PolicyInput, string[]]>([
  [{}, []],
  [{ mode: 'monitor' }, ['mode_monitor']],
  [{ storeFailure: 'allow' }, ['store_failure_allow']],
  [{ storeFailure: 'deny' }, []],
  [{ origins: ['https://a.example'] }, []],
  [{ origins: ['https://a.example', 'null'] }, ['null_origin']],
  [{ deployContexts: ['production'] }, []],
  [{ deployContexts: ['deploy-preview', 'branch-deploy'] }, []],
  [{ deployContexts: ['branch-deploy', 'production'] }, ['deploy_contexts']],
  [{ mode: 'monitor', storeFailure: 'allow' }, ['mode_monitor', 'store_failure_allow']],
])('%j has %j', (input, ids) => {
  expect(idsOf(input)).toEqual(ids);
});

test.each([
  [['/api/*', '/api/admin'], '/api/admin'],
  [['/api/*', '/api'], '/api'],
  [['/api/*', '/api/*'], '/api/x'],
  [['/a/*', '/a/b/*'], '/a/b/x'],
  [['/api/a', '/api/*', '/api/a'], '/api/a'],
])('of %j, the last is never reached, and the gate agrees', (paths, probe) => {
  const { routes } = definePolicy({ routes: paths.map((path) => ({ path })) });
  expect(idsOf({ routes: paths.map((path) => ({ path })) })).toEqual(['route_unreachable']);
  expect(matchRoute(routes, probe, 'GET')).not.toBe(routes.at(-1));
});

test.each([
  [['/api/admin', '/api/*'], '/api/x'],
  [['/api', '/api/*'], '/api/x'],
  [['/api/*', '/apiary'], '/apiary'],
  [['/api/a', '/api/b'], '/api/b'],
])('of %j, the last is reached', (paths, probe) => {
  const { routes } = definePolicy({ routes: paths.map((path) => ({ path })) });
  expect(idsOf({ routes: paths.map((path) => ({ path })) })).toEqual([]);
  expect(matchRoute(routes, probe, 'GET')).toBe(routes.at(-1));
});

test('the words are those of the status', () => {
  const [weakness] = findWeaknesses(definePolicy({ mode: 'monitor' }));
  expect(weakness?.message).toContain("Set mode: 'enforce' in daypass.config.ts");
});

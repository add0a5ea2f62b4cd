import { expect, test } from 'vitest';
import { checkSetup } from '../../setups/checkSetup.ts';
import { setups } from '../../setups/setups.ts';
import { diagnoseSetup } from '../../setups/support/stand.ts';

// Those that start within a second or two, over a Redis in memory. `npm run setups` has all of them.

const quick = setups.filter(({ isQuick }) => isQuick);

test('there are enough of them to be worth their time', () => {
  expect(quick.length).toBeGreaterThanOrEqual(8);
});

test.each(quick)('doctor names $name: $expected', async (setup) => {
  expect(await checkSetup(setup, 'memory')).toEqual([]);
});

test('where visitors cannot sign up, a token of the secret at hand still shows that the backend has another', async () => {
  const wrong = setups.find(({ name }) => name === 'wrong secret');
  const { diagnosis } = await diagnoseSetup({ ...wrong, identity: { registration: 'closed' } }, 'memory');
  expect(diagnosis.findings.map(({ id }) => id)).toEqual(['registration_closed', 'backend_secret_differs']);
  expect(diagnosis.tokens).toEqual({});
});

test('a finding that is missing is seen, and one too many', async () => {
  const healthy = setups.find(({ expected }) => expected === undefined);
  const closed = setups.find(({ expected }) => expected === 'registration_closed');
  expect(await checkSetup({ ...healthy, name: 'a', expected: 'guard_missing' }, 'memory')).toEqual([
    'missing: guard_missing',
  ]);
  expect(await checkSetup({ ...closed, name: 'b', expected: undefined }, 'memory')).toEqual([
    expect.stringMatching(/^one too many: registration_closed: /),
  ]);
});

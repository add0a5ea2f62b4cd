import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type EventFunctionOptions, openEventFunction } from '../../../dev/events/openEventFunction.ts';

const root = fileURLToPath(new URL('fixtures/site', import.meta.url));

test.each<[unknown, string]>([
  [undefined, 'openEventFunction: the options must be an object.'],
  [{ root, event: 'validate', nam: 'x' }, 'openEventFunction: nam is unknown; did you mean name?'],
  [{ event: 'validate' }, 'openEventFunction: root must be the folder of a site.'],
  [{ root, event: 'validate', name: '../x' }, 'openEventFunction: name must be the name of a function'],
  [{ root, event: 'modified' }, 'event must be one of validate, signup, login, usermodified, userdeleted.'],
])('%j is a mistake', async (options, message) => {
  await expect(openEventFunction(options as EventFunctionOptions)).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(message),
  });
});

test('an event goes to its handler, with the variables given', async () => {
  const lines: string[] = [];
  const identity = await openEventFunction({ root, event: 'validate', output: (line) => lines.push(line) });
  try {
    expect(identity.url.href).toBe('http://localhost:8888/.netlify/functions/identity');
    const user = { id: '1', email: 'ada@x.example', app_metadata: { provider: 'email' }, user_metadata: {} };
    const body = JSON.stringify({ event: 'validate', instance_id: 'mine', user });
    const headers = { 'x-netlify-event': 'identity_validate' };
    const response = await identity.deliver(new Request(identity.url, { method: 'POST', headers, body }));
    expect(await response.json()).toMatchObject({ app_metadata: { roles: ['member'] } });
  } finally {
    await identity.close();
  }
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
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

test('no TypeScript of the project is loaded: that of version 7 is no library', () => {
  const hooks = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      if (specifier === 'typescript') throw new Error('typescript is loaded by ' + context.parentURL);
      return next(specifier, context);
    } });`;
  const module = new URL('../../../dev/events/openEventFunction.ts', import.meta.url).href;
  const program = `
    const { openEventFunction } = await import('${module}');
    const identity = await openEventFunction({ root: ${JSON.stringify(root)}, event: 'validate' });
    console.log(identity.url.href);
    await identity.close();`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  expect([stdout, stderr]).toEqual(['http://localhost:8888/.netlify/functions/identity\n', '']);
});

test('a site without the function is told how to add it', async () => {
  const folder = mkdtempSync(join(import.meta.dirname, 'fixtures/site-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await expect(openEventFunction({ root: folder, event: 'validate' })).rejects.toThrow(
    `There is no function identity in ${join(folder, 'netlify/functions')}. To add it: npx daypass init --with identity`,
  );
});

test('the folder of functions is the one that netlify.toml names', async () => {
  const folder = mkdtempSync(join(import.meta.dirname, 'fixtures/site-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'lambdas'));
  writeFileSync(join(folder, 'lambdas/identity.ts'), 'export default { userValidate: () => undefined };\n');
  writeFileSync(join(folder, 'netlify.toml'), '[functions]\ndirectory = "lambdas"\n');
  const identity = await openEventFunction({ root: folder, event: 'validate' });
  await identity.close();
  await expect(openEventFunction({ root: folder, name: 'other', event: 'validate' })).rejects.toThrow(
    `There is no function other in ${join(folder, 'lambdas')}.`,
  );
});

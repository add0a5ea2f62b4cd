import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import { type Listening, listen } from '../../../dev/listen.ts';
import { createFolder } from '../support/project.ts';
import { createTestIo, type TestIoOptions } from '../support/testIo.ts';

const secret = 'a key of forty characters for this test.';

let server: Listening;
let answer: () => Response;
let seen: { headers: Headers; body: string } | undefined;
beforeAll(async () => {
  server = await listen(async (request) => {
    seen = { headers: request.headers, body: await request.text() };
    return answer();
  });
});
afterAll(() => server.close());
afterEach(() => {
  seen = undefined;
});

async function send(args: readonly string[], given: TestIoOptions = {}) {
  const io = createTestIo({ cwd: createFolder(), fetch, ...given });
  const exitCode = await main(['event', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('signs what it sends to a running server as GoTrue does', async () => {
  answer = () => new Response(null, { status: 204 });
  // The key of a webhook goes before that of tokens.
  const env = { IDENTITY_WEBHOOK_SECRET: secret, IDENTITY_JWT_SECRET: 'another' };
  const { exitCode, out, error } = await send(['login', '--url', `${server.url}/hook`], {
    env,
    now: Date.now,
  });
  expect([exitCode, out]).toEqual([
    0,
    expect.stringMatching(/^✓ 204 after \d+ ms: accepted\napp_metadata: unchanged\n/),
  ]);
  expect(error).toMatch(/^POST http:\S+\/hook identity_login \S+@visitor\.invalid\n$/);
  expect(out + error).not.toContain(secret);
  expect(seen?.headers.get('x-netlify-event')).toBe('identity_login');
  const { body = '' } = seen ?? {};
  expect(JSON.parse(body)).toMatchObject({ event: 'login', user: { confirmed_at: expect.any(String) } });
  const { payload } = await jwtVerify(
    seen?.headers.get('x-webhook-signature') ?? '',
    new TextEncoder().encode(secret),
    { algorithms: ['HS256'], issuer: 'gotrue', subject: JSON.parse(body).instance_id },
  );
  expect(payload.sha256).toBe(createHash('sha256').update(body).digest('hex'));
});

test('fails when it is refused, and passes on what the function said', async () => {
  answer = () => new Response('TypeError: no', { status: 500 });
  const { exitCode, out } = await send(['validate', '--url', server.url]);
  expect(exitCode).toBe(1);
  expect(out).toBe('✗ 500 after 0 ms: refused; GoTrue tries three times, then answers 422.\nTypeError: no\n');
  const json = JSON.parse((await send(['validate', '--url', server.url, '--json'])).out);
  expect(json).toMatchObject({
    url: `${server.url}/`,
    status: 500,
    accepted: false,
    lines: [/^500/, 'TypeError: no'].map((each) =>
      typeof each === 'string' ? each : expect.stringMatching(each),
    ),
  });
});

test('sends the body of a file, for the e-mail that was asked for', async () => {
  answer = () => new Response();
  const body = { event: 'userdeleted', instance_id: 'mine', user: { id: '1' } };
  const cwd = createFolder({ 'deleted.json': JSON.stringify(body) });
  await send(['deleted', '--url', server.url, '--data', 'deleted.json', '--email', 'a@x.example'], { cwd });
  expect(JSON.parse(seen?.body ?? '')).toEqual({ ...body, user: { id: '1', email: 'a@x.example' } });
});

const repository = new URL('../../../', import.meta.url);
const identity = `import { addRoles, defineIdentityEvents } from '${new URL('src/package/identity.ts', repository)}';
const { userValidate } = defineIdentityEvents({
  validate: (event) => (event.user.email.startsWith('denied') ? event.deny() : addRoles(process.env.ROLE)(event)),
});
console.log('loaded');
export default { userValidate };
`;
const direct = `import { defineIdentityEvents } from '${new URL('src/package/identity.ts', repository)}';
export default defineIdentityEvents({ validate: () => undefined });
`;

/** A project with event functions, and the package that runs them. */
function createProject(): string {
  const cwd = createFolder({ 'package.json': '{ "type": "module" }' });
  const functions = join(cwd, 'netlify/functions');
  mkdirSync(functions, { recursive: true });
  writeFileSync(join(functions, 'identity.ts'), identity);
  writeFileSync(join(functions, 'direct.ts'), direct);
  const installed = join(cwd, 'node_modules/daypass-dev');
  mkdirSync(join(installed, 'dist'), { recursive: true });
  writeFileSync(
    join(installed, 'package.json'),
    '{ "type": "module", "version": "0.0.1", "exports": "./dist/index.js" }',
  );
  writeFileSync(
    join(installed, 'dist/index.js'),
    `export * from '${new URL('dev/index.ts', repository)}';\n`,
  );
  return cwd;
}

test('runs a function of a project with the variables at hand', async () => {
  const cwd = createProject();
  const env = { ROLE: 'member' };
  const accepted = await send(['validate', '--email', 'ada@example.com'], { cwd, env });
  expect([accepted.exitCode, accepted.out]).toEqual([
    0,
    expect.stringContaining(
      'app_metadata: {"provider":"email"} becomes {"provider":"email","roles":["member"]}',
    ),
  ]);
  expect(accepted.error).toContain('loaded\n');
  expect(accepted.error).toContain('daypass-dev is 0.0.1, and daypass is ');
  const denied = await send(['validate', '--email', 'denied@x.example', '--json'], { cwd, env });
  expect([denied.exitCode, JSON.parse(denied.out).status]).toEqual([1, 401]);
  const other = await send(['validate', '--project', cwd, '--function', 'direct', '--json'], { env });
  expect([other.exitCode, JSON.parse(other.out).error]).toEqual([
    1,
    {
      code: 'function_unusable',
      message: expect.stringContaining('an object literal with userValidate in it'),
    },
  ]);
  const login = await send(['login'], { cwd, env });
  expect(login.error).toContain('Netlify would not call identity for this event');
  const none = await send(['login', '--function', 'nothing'], { cwd, env });
  expect([none.exitCode, none.error]).toEqual([
    1,
    expect.stringContaining('There is no function nothing in '),
  ]);
});

test.each([301, 302, 307])(
  'a redirect %i is refused, and is not followed: the other place gets no event',
  async (status) => {
    let follows = 0;
    const other = await listen(() => {
      follows += 1;
      return new Response(null, { status: 204 });
    });
    answer = () => new Response(null, { status, headers: { location: `${other.url}/there` } });
    const { exitCode, out } = await send(['validate', '--url', server.url], {
      env: { IDENTITY_WEBHOOK_SECRET: secret },
    });
    await other.close();
    expect([exitCode, follows]).toEqual([1, 0]);
    expect(out).toContain(`✗ ${status} after `);
    expect(out).toContain(`It redirects to ${other.url}/there, which was not followed.`);
  },
);

test('a signature of the site goes over https, or to this machine', async () => {
  const args = ['validate', '--url', 'http://site.example/hook'];
  const withSecret = await send(args, { env: { IDENTITY_WEBHOOK_SECRET: secret } });
  expect([withSecret.exitCode, withSecret.error]).toEqual([
    64,
    expect.stringContaining('must be an https URL'),
  ]);
  // A random key signs for nobody.
  expect((await send(args, { fetch: async () => new Response() })).exitCode).toBe(0);
});

test('a server that is not there is named', async () => {
  const gone = await listen(() => new Response());
  await gone.close();
  const { exitCode, error } = await send(['login', '--url', gone.url]);
  expect([exitCode, error]).toEqual([1, expect.stringContaining(`No answer from ${gone.url}/: connect`)]);
});

test.each([
  [['nothing'], 'Name one event: validate, signup, login, modified, deleted.'],
  [['toString'], 'Name one event'],
  [[], 'Name one event'],
  [['login', 'signup'], '"signup" is one argument too many.'],
  [['login', '--secret', 'x'], 'There is no option --secret'],
  [['login', '--url', 'ftp://x'], '--url must be an http(s) URL.'],
  [['login', '--url', 'http://localhost', '--function', 'a'], 'leave --project and --function out'],
  [['login', '--function', '../a'], 'without a path'],
  [['login', '--data', 'nowhere.json'], '--data: nowhere.json cannot be read: ENOENT.'],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, out, error } = await send(args);
  expect([exitCode, out]).toEqual([64, '']);
  expect(error).toContain(message);
});

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../../dev/listen.ts';

const command = fileURLToPath(new URL('../../../dev/events/send.ts', import.meta.url));
const project = fileURLToPath(new URL('fixtures/site', import.meta.url));
const secret = 'a key of forty characters for this test.';

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function send(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

let folder: string;
let server: Listening;
let answer: () => Response;
let seen: { headers: Headers; body: string } | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-events-'));
  server = await listen(async (request) => {
    seen = { headers: request.headers, body: await request.text() };
    return answer();
  });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  seen = undefined;
});

test('signs what it sends to a running server as GoTrue does', async () => {
  answer = () => new Response(null, { status: 204 });
  const { code, stdout } = await send('login', '--url', `${server.url}/hook`, '--secret', secret);
  expect([code, stdout]).toEqual([0, expect.stringContaining('accepted')]);
  expect(stdout).toContain('app_metadata: unchanged');
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
  const { code, stdout } = await send('validate', '--url', server.url);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /500 after \d+ ms: refused; GoTrue tries three times, then answers 422\.\nTypeError: no\n/,
  );
});

test('sends the body of a file, for the e-mail that was asked for', async () => {
  answer = () => new Response();
  const file = join(folder, 'deleted.json');
  await writeFile(file, JSON.stringify({ event: 'userdeleted', instance_id: 'mine', user: { id: '1' } }));
  await send('deleted', '--url', server.url, '--data', file, '--email', 'a@x.example');
  expect(JSON.parse(seen?.body ?? '')).toEqual({
    event: 'userdeleted',
    instance_id: 'mine',
    user: { id: '1', email: 'a@x.example' },
  });
});

test('runs a function of a project', async () => {
  const { code, stdout } = await send('validate', '--project', project);
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining(
      'app_metadata: {"provider":"email"} becomes {"provider":"email","roles":["member"]}',
    ),
  ]);
  const denied = await send('validate', '--project', project, '--email', 'denied@x.example');
  expect([denied.code, denied.stdout]).toEqual([1, expect.stringContaining('401')]);
});

test('says when Netlify would not call the function, since its export is no literal', async () => {
  const { code, stderr } = await send('validate', '--project', project, '--function', 'direct');
  expect([code, stderr]).toEqual([1, expect.stringContaining('an object literal with userValidate in it')]);
});

test('a mistake is one line, and no stack', async () => {
  const { code, stdout, stderr } = await send('nothing');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.split('\n')[0]).toBe('Name one event: validate, signup, login, modified, deleted.');
  expect(stderr).not.toContain('    at ');
});

test('a server that is not there is named', async () => {
  const gone = await listen(() => new Response());
  await gone.close();
  const { code, stderr } = await send('login', '--url', gone.url);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`No answer from ${gone.url}/: connect`)]);
});

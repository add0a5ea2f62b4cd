import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { describeWith } from '../../support/optional.ts';
import { type RunningCommand, runNode } from '../../support/runCommand.ts';

const file = 'examples/django/launcher/serve.ts';
const ready = /Daypass is ready: (http:\/\/localhost:\d+)/;
// What it leaves in the temporary folder shows there.
const folder = mkdtempSync(join(tmpdir(), 'daypass-test-'));

let running: RunningCommand | undefined;
afterEach(() => {
  running?.process.kill('SIGKILL');
  running = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The processes that run on behalf of this test's folder. */
function left(): string[] {
  const table = execFileSync('ps', ['-eo', 'pid=,args=', 'e'], { encoding: 'utf8' });
  return table.split('\n').filter((line) => line.includes(`TMPDIR=${folder}`) && !line.includes('ps -eo'));
}

describeWith('python 3.10')('npm run start:django', () => {
  beforeAll(() => prepareEnvironment(() => undefined), 300_000);

  async function start(): Promise<string> {
    running = runNode(file, { PORT: '0', TMPDIR: folder });
    return running.printed(ready);
  }

  test('says what it runs, has Django answer, and ends clean on Ctrl-C', async () => {
    const url = await start();
    const django = /^\/api\/\*: Django at (.+)$/m.exec(running?.output() ?? '')?.[1] ?? '';
    const refused = await fetch(`${django}/api/hello`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('server')).toContain('WSGI');
    expect(await (await fetch(`${url}/session/status`)).json()).toMatchObject({ ok: true });
    const [, password = ''] = /log in as demo, password (\S+):/.exec(running?.output() ?? '') ?? [];
    const form = new URLSearchParams({ username: 'demo', password });
    expect((await fetch(`${django}/api/private/token`, { method: 'POST', body: form })).status).toBe(200);

    running?.process.kill('SIGINT');
    expect(await running?.exited).toBe(0);
    await expect(fetch(django)).rejects.toThrow();
    expect(left()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('leaves nothing behind when it is killed', async () => {
    await start();
    expect(left().some((line) => line.includes('run.py'))).toBe(true);
    expect(readdirSync(folder).some((name) => name.startsWith('daypass-django-'))).toBe(true);
    running?.process.kill('SIGKILL');
    await expect.poll(left).toEqual([]);
    await expect.poll(() => readdirSync(folder)).toEqual([]);
  });
});

describe('without what it needs', () => {
  test.each([
    ['python3', { PATH: '/nonexistent' }, 'python3 was not found. Install Python 3.10 or newer'],
    [
      'its own upstream',
      { DAYPASS_UPSTREAM: 'https://api.example' },
      'DAYPASS_UPSTREAM names another backend',
    ],
  ])('%s: says what to do', async (_, environment, message) => {
    running = runNode(file, { PORT: '0', ...environment });
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain(message);
    expect(running.output()).not.toMatch(/^\s+at /m);
  });

  test('a port in use is said before anything is installed', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    running = runNode(file, { PORT: String(port), PATH: '/nonexistent' });
    expect(await running.exited).toBe(1);
    expect(running.output().trim()).toBe(`Port ${port} on 127.0.0.1 is in use. Set PORT to another one.`);
    other.close();
  });
});

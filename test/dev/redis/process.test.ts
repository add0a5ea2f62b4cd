import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DevRedis, startDevRedis } from '../../../dev/redis/start.ts';
import { describeWith } from '../../support/optional.ts';

// The redis-server that a bridge starts: it and its folder must go when the process that started it does.

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-test-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function expectNothingLeft(processId: number): Promise<void> {
  await expect.poll(() => isAlive(processId)).toBe(false);
  await expect.poll(() => readdir(folder)).toEqual([]);
}

async function ask(bridge: { url: string; token: string }, command: unknown[]): Promise<Response> {
  const headers = { authorization: `Bearer ${bridge.token}` };
  return fetch(bridge.url, { method: 'POST', headers, body: JSON.stringify(command) });
}

async function start(): Promise<DevRedis & { processId: number }> {
  const bridge = await startDevRedis({ backend: 'redis-server' });
  if (bridge.processId === undefined) throw new Error('no process');
  return bridge as DevRedis & { processId: number };
}

describeWith('redis-server')('a redis-server of our own', () => {
  test('is named, alone with its data, and gone after close()', async () => {
    const [bridge, other] = await Promise.all([start(), start()]);
    expect(bridge.backend).toMatch(/^redis-server \d+\.\d+\.\d+, started for this run$/);
    expect(isAlive(bridge.processId)).toBe(true);
    expect(await readdir(folder)).toHaveLength(2);
    await ask(bridge, ['SET', 'key', 'value']);
    expect(await (await ask(other, ['GET', 'key'])).json()).toEqual({ result: null });
    await bridge.close();
    expect(isAlive(bridge.processId)).toBe(false);
    expect(await readdir(folder)).toHaveLength(1);
    await other.close();
    await expectNothingLeft(other.processId);
  });

  test('goes although it is stopped', async () => {
    const bridge = await start();
    process.kill(bridge.processId, 'SIGSTOP');
    const waiting = ask(bridge, ['PING']).catch((error: Error) => error.message);
    await expect.poll(() => bridge.commands).toBe(1);
    await bridge.close();
    expect(await waiting).toBe('fetch failed');
    await expectNothingLeft(bridge.processId);
  });

  test('killed: what is under way and what comes after is 503, and close() still works', async () => {
    const bridge = await start();
    process.kill(bridge.processId, 'SIGSTOP');
    const headers = { authorization: `Bearer ${bridge.token}` };
    const underWay = ['/pipeline', '/multi-exec'].map((path) =>
      fetch(`${bridge.url}${path}`, { method: 'POST', headers, body: '[["INCR","a"],["INCR","b"]]' }),
    );
    underWay.push(ask(bridge, ['INCR', 'c']));
    await expect.poll(() => bridge.commands).toBe(5);
    process.kill(bridge.processId, 'SIGKILL');
    underWay.push(ask(bridge, ['PING']));
    for (const response of await Promise.all(underWay)) {
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/^ERR Redis is away: /) });
    }
    await bridge.close();
    await expectNothingLeft(bridge.processId);
  });

  test('one that cannot start is an error at once, with its own reason', async () => {
    // Far longer than the name of a socket may be.
    const long = join(folder, 'x'.repeat(120));
    await mkdtemp(long);
    vi.stubEnv('TMPDIR', (await readdir(folder)).map((name) => join(folder, name))[0] ?? '');
    await expect(start()).rejects.toThrow(/^redis-server ended: .*(socket|path)/i);
  });

  const endings: [string, (processId: number) => void, string][] = [
    ['SIGINT', (processId) => process.kill(processId, 'SIGINT'), ''],
    ['SIGTERM', (processId) => process.kill(processId, 'SIGTERM'), ''],
    ['SIGKILL', (processId) => process.kill(processId, 'SIGKILL'), ''],
    ['Ctrl-C in its terminal', (processId) => process.kill(-processId, 'SIGINT'), ''],
    ['process.exit()', () => undefined, 'setTimeout(() => process.exit(3), 100);'],
    ['an uncaught error', () => undefined, "setTimeout(() => { throw new Error('lost'); }, 100);"],
  ];

  test.each(endings)('goes when its parent ends by %s', async (_how, end, code) => {
    const module = new URL('../../../dev/redis/start.ts', import.meta.url).href;
    const script = `
      import { startDevRedis } from '${module}';
      const bridge = await startDevRedis({ backend: 'redis-server' });
      console.log(bridge.processId);
      ${code}`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(parent, 'exit');
    const [line] = await once(parent.stdout, 'data');
    const processId = Number(String(line));
    expect(isAlive(processId)).toBe(true);
    end(Number(parent.pid));
    await exited;
    await expectNothingLeft(processId);
  });

  test('does not keep its parent alive once closed, nor leave close() hanging', async () => {
    const module = new URL('../../../dev/redis/start.ts', import.meta.url).href;
    const script = `
      import { startDevRedis } from '${module}';
      const bridge = await startDevRedis({ backend: 'redis-server' });
      await bridge.close();
      // Pipes of the process that has ended still close by themselves; a timer would keep this one waiting.
      console.log('closed', ...process.getActiveResourcesInfo().filter((name) => name === 'Timeout'));`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(parent, 'exit');
    const [line] = await once(parent.stdout, 'data');
    expect(String(line)).toBe('closed\n');
    expect(await exited).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevRedis, startDevRedis } from '../../../dev/redis/start.ts';
import { describeWith } from '../../support/optional.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

describeWith('redis-server')('a Redis by its URL', () => {
  test('is not ours to end, and is found again when it comes back', async () => {
    const port = await findFreePort();
    const startServer = () =>
      spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], { stdio: 'ignore' });
    let server = startServer();
    // The bridge waits for a Redis that is only just starting.
    const bridge = await startDevRedis({ redisUrl: `redis://127.0.0.1:${port}` });
    expect(bridge.backend).toMatch(new RegExp(`^Redis \\d+\\.\\d+\\.\\d+ at 127\\.0\\.0\\.1:${port}$`));
    expect(bridge.processId).toBeUndefined();
    expect((await ask(bridge, ['PING'])).status).toBe(200);

    server.kill('SIGSTOP');
    const before = bridge.commands;
    const underWay = ask(bridge, ['INCR', 'key']);
    await expect.poll(() => bridge.commands).toBe(before + 1);
    server.kill('SIGKILL');
    await once(server, 'exit');
    expect((await underWay).status).toBe(503);
    expect((await ask(bridge, ['PING'])).status).toBe(503);
    server = startServer();
    await expect.poll(async () => (await ask(bridge, ['PING'])).status).toBe(200);
    // What was lost under way is not sent again.
    expect(await (await ask(bridge, ['GET', 'key'])).json()).toEqual({ result: null });

    await bridge.close();
    expect(server.exitCode).toBeNull();
    expect(process.kill(Number(server.pid), 0)).toBe(true);
    server.kill('SIGKILL');
    await once(server, 'exit');
  });

  test('a wrong password is told in the words of Redis', async () => {
    const port = await findFreePort();
    const flags = ['--port', String(port), '--save', '', '--dir', folder, '--requirepass', 'right-word'];
    const server = spawn('redis-server', flags, { stdio: 'ignore' });
    const started = startDevRedis({ redisUrl: `redis://:wrong-word@127.0.0.1:${port}` });
    await expect(started).rejects.toThrow(/^Redis at 127\.0\.0\.1:\d+ does not answer: (WRONGPASS|NOAUTH)/);
    await expect(started).rejects.not.toThrow('wrong-word');
    server.kill('SIGKILL');
    await once(server, 'exit');
  });
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function ask(bridge: DevRedis, command: unknown[]): Promise<Response> {
  const headers = { authorization: `Bearer ${bridge.token}` };
  return fetch(bridge.url, { method: 'POST', headers, body: JSON.stringify(command) });
}

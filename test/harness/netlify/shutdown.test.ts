import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startNetlifyEmulator } from './start.ts';

const program = fileURLToPath(new URL('fixtures/run.ts', import.meta.url));

async function linesUntil(child: ChildProcess, word: string): Promise<void> {
  let said = '';
  child.stdout?.on('data', (chunk) => {
    said += chunk;
  });
  await expect.poll(() => said).toContain(word);
}

/** The processes of a group, as a terminal's Ctrl-C would reach them. */
function membersOf(group: number): string[] {
  const table = execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return table.filter((line) => new RegExp(`^\\s*${group}\\s+[^Z]`).test(line));
}

// Ctrl-C reaches Deno as well as the program; a service manager's SIGTERM reaches the program alone.
test.each([
  ['SIGINT', 'the group'],
  ['SIGTERM', 'the program'],
] as const)('%s to %s leaves no process and no file behind', async (signal, target) => {
  const folder = await mkdtemp(join(tmpdir(), 'daypass-test-'));
  const child = spawn(process.execPath, [program], {
    detached: true,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const group = child.pid ?? Number.NaN;
  try {
    await linesUntil(child, 'ready');
    expect(membersOf(group).some((line) => line.includes('deno eval'))).toBe(true);
    expect(await readdir(folder)).not.toEqual([]);

    const ended = once(child, 'exit');
    process.kill(target === 'the group' ? -group : group, signal);
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => membersOf(group)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    if (membersOf(group).length > 0) process.kill(-group, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

function childrenNamed(name: string): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return table.flatMap((line) => {
    const [pid, parent, state, ...args] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && !state?.startsWith('Z') && args.join(' ').includes(name)
      ? [Number(pid)]
      : [];
  });
}

test('close() ends Deno and calls in flight; a Deno that was killed is a clear 502 and no obstacle', async () => {
  const origin = 'http://localhost:8888';
  const lines: string[] = [];
  const emulator = await startNetlifyEmulator({
    projectRoot: fileURLToPath(new URL('fixtures/site', import.meta.url)),
    origin,
    environment: { DAYPASS_FIXTURE: 'x' },
    log: (line) => lines.push(line),
  });
  const call = (path: string) => emulator.handle(new Request(`${origin}${path}`), '127.0.0.1');
  const [deno = Number.NaN] = childrenNamed('deno eval');
  expect((await call('/api/hello')).status).toBe(200);

  process.kill(deno, 'SIGKILL');
  await expect
    .poll(async () => {
      const refused = await call('/api/hello');
      return [refused.status, await refused.text()];
    })
    .toEqual([502, expect.stringContaining('has ended')]);
  expect(lines.at(-1)).toContain('GET /api/hello');

  const hanging = emulator.handle(new Request(`${origin}/session/hang`), '127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await Promise.all([emulator.close(), emulator.close()]);
  expect((await hanging).status).toBe(502);
  expect(process.env.DAYPASS_FIXTURE).toBeUndefined();
});

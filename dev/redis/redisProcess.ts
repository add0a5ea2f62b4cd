import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { OptionsError } from '../assertOptions.ts';
import type { Backend } from './command.ts';

/**
 * Which Redis to use: `auto` takes `redisUrl` when given, else a redis-server of the PATH, else memory;
 * `redis-server` does not fall back to memory; `memory` takes nothing else.
 */
export type BackendChoice = 'auto' | 'redis-server' | 'memory';

/**
 * Opens the Redis behind the bridge. Each part is loaded only when it is used.
 * @throws TypeError when the choice and the URL contradict each other, or the URL is not one of Redis
 * @throws Error when Redis is not there or does not answer
 */
export async function openBackend(choice: BackendChoice, redisUrl: string | undefined): Promise<Backend> {
  if (!['auto', 'redis-server', 'memory'].includes(choice)) {
    throw new OptionsError(["backend must be 'auto', 'redis-server' or 'memory'"]);
  }
  if (redisUrl !== undefined) {
    if (choice === 'memory') throw new OptionsError(["redisUrl has no meaning with backend 'memory'"]);
    return openUrl(redisUrl);
  }
  if (choice === 'memory') return openMemoryBackend('in-memory Redis (ioredis-mock)');
  if ((await findRedisServer()) !== undefined) return openSpawned();
  if (choice === 'auto') {
    return openMemoryBackend('in-memory Redis (ioredis-mock), since there is no redis-server on the PATH');
  }
  throw new Error('No redis-server on the PATH: install one, or set REDIS_URL.');
}

async function openUrl(redisUrl: string): Promise<Backend> {
  const url = URL.parse(redisUrl);
  if (url === null || !/^rediss?:$/.test(url.protocol)) {
    throw new TypeError('redisUrl must be a redis:// or rediss:// URL');
  }
  const place = `${url.hostname || 'localhost'}:${url.port || 6379}`;
  const { connectRedis } = await import('./server.ts');
  const redis = await connectRedis(redisUrl).catch((error: Error) => {
    throw new Error(`Redis at ${place} does not answer: ${error.message}`);
  });
  return { ...redis, words: `Redis ${redis.version} at ${place}`, processId: undefined };
}

async function openSpawned(): Promise<Backend> {
  const { connectRedis } = await import('./server.ts');
  const server = await spawnRedis();
  try {
    const redis = await connectRedis(server.socketPath, server.gone);
    return {
      ...redis,
      words: `redis-server ${redis.version}, started for this run`,
      processId: server.processId,
      async close() {
        await redis.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openMemoryBackend(words: string): Promise<Backend> {
  const { openMemory } = await import('./memory.ts');
  return { ...openMemory(), words, processId: undefined };
}

// The shell's standard input is a pipe whose other end only this process holds. However this process ends, by
// close(), a signal or SIGKILL, the pipe ends with it, and the shell stops Redis and removes the folder. The shell is
// in a session of its own and deaf to signals, so that Ctrl-C in a terminal reaches only this process.
const guardian = `
trap '' HUP INT TERM
exec 3<&0
folder=$(mktemp -d "$1/daypass-redis-XXXXXX") || exit 1
redis-server --port 0 --unixsocket "$folder/redis.sock" --unixsocketperm 700 --dir "$folder" \\
  --save '' --appendonly no >"$folder/log" 2>&1 </dev/null 3<&- &
redis=$!
{ read -r _ <&3; kill -9 "$redis"; } >/dev/null &
watch=$!
echo "$redis $folder"
wait "$redis"
kill -9 "$watch"
tail -n 1 "$folder/log"
rm -rf "$folder"
`;

/** A redis-server of our own, reachable through a socket in a temporary folder. */
export interface SpawnedRedis {
  readonly socketPath: string;
  readonly processId: number;
  /** Settles when the server has ended, with the last line of its log. */
  readonly gone: Promise<Error>;
  /** Kills the server; resolves when it and its folder are gone. */
  stop(): Promise<void>;
}

/** The version of the redis-server on the PATH, or undefined when there is none that runs. */
export async function findRedisServer(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /v=(\S+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Starts the redis-server of the PATH, without persistence. It ends, and its folder goes, when this process does.
 * @throws Error when there is no shell or no temporary folder
 */
export async function spawnRedis(): Promise<SpawnedRedis> {
  const shell = spawn('/bin/sh', ['-c', guardian, 'daypass-redis', tmpdir()], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let output = '';
  shell.stdin.on('error', () => undefined);
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(shell, 'close');
  await Promise.race([once(shell.stdout, 'data'), ended]);
  const [, processId, folder] = /^(\d+) (.+)\n/.exec(output) ?? [];
  if (folder === undefined) throw new Error('redis-server could not be started: no temporary folder');

  // Nothing of this keeps the process alive, until stop() waits for it.
  const handles = [shell, shell.stdin as Socket, shell.stdout as Socket];
  for (const handle of handles) handle.unref();
  return {
    socketPath: `${folder}/redis.sock`,
    processId: Number(processId),
    gone: ended.then(() => new Error(`redis-server ended: ${output.trim().split('\n').at(-1)}`)),
    async stop() {
      for (const handle of handles) handle.ref();
      shell.stdin.end();
      await ended;
    },
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';

// Standard input is a pipe that only this process holds: however it ends, the pipe ends with it, and the shell stops
// Redis.
const guardian = `
exec 3<&0
redis-server "$@" </dev/null 3<&- &
redis=$!
echo "process $redis"
{ read -r _ <&3; kill -9 "$redis"; } >/dev/null &
wait "$redis"
kill -9 $!
`;

/** A redis-server that may be killed, and started again at the same address. */
export interface RedisServer {
  url: string;
  /** Resolves once it takes connections. What it held before is gone. */
  start(): Promise<void>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
}

/** A redis-server of the PATH on a free port, without persistence, not started yet. */
export async function prepareRedisServer(): Promise<RedisServer> {
  const port = await findPort();
  let processId = 0;
  let end = async () => undefined as unknown;

  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      const shell = spawn('/bin/sh', ['-c', guardian, 'redis', ...settings, '--dir', tmpdir()], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      const ended = once(shell, 'close');
      shell.stdin.on('error', () => undefined);
      end = async () => {
        shell.stdin.end();
        await ended;
      };
      let output = '';
      for await (const text of shell.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        output += text;
        if (output.includes('Ready to accept connections')) break;
      }
      // Unread output would fill the pipe.
      shell.stdout.resume();
      processId = Number(/process (\d+)/.exec(output)?.[1]);
      if (!output.includes('Ready')) throw new Error(`redis-server did not start:\n${output}`);
    },
    signal(name) {
      process.kill(processId, name);
    },
    async stop() {
      await end();
    },
  };
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

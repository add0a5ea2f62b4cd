import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** A command that ends when this process does, however that ends. */
export interface Guarded {
  /** Resolves with what the pattern captured first, once a line holds it, without colours. */
  printed(pattern: RegExp): Promise<string>;
  /** The exit code, once the command has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Asks the command and its children to end, and ends those that do not within 5 s; resolves when all are gone. */
  stop(): Promise<void>;
}

export interface GuardedOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Takes each line that it writes. */
  onLine(line: string, stream: 'stdout' | 'stderr'): void;
}

// The shell is in a session of its own, so that Ctrl-C in a terminal reaches our process alone, which ends the rest in order.
// Its standard input is a pipe whose other end only our process holds: when it ends, by stop(), a signal or SIGKILL, the
// whole group is asked to end, then ended. The exit code comes on a fourth pipe.
const guardian = `
trap ':' HUP INT TERM
exec 4<&0
"$@" <&4 3>&- &
child=$!
# What the shell itself would say of a child that was ended is of no use to anybody.
exec 2>/dev/null
{
  trap '' HUP INT TERM
  while read -r _ <&4; do :; done
  kill -TERM 0
  sleep 5
  kill -KILL 0
} >/dev/null 2>&1 3>&- &
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
echo "$code" >&3
kill -KILL 0
`;

/**
 * Runs a command of a project: programs of its `node_modules/.bin` are found, as under `npm run`.
 * @throws {Error} there is no such program
 */
export async function runGuarded(
  command: readonly string[],
  { cwd, env, onLine }: GuardedOptions,
): Promise<Guarded> {
  const variables = { ...env, PATH: [...binFolders(cwd), env.PATH ?? ''].join(delimiter) };
  const child = start(command, cwd, variables);
  await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${command[0]} cannot be started: ${error.message}`);
  });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] as Readable }).on('line', (line) => {
      onLine(line, stream);
      const plain = stripVTControlCharacters(line);
      lines.push(plain);
      // Only what comes first is looked for.
      if (lines.length > 1000) lines.shift();
      for (const listener of listeners) listener(plain);
    });
  }
  let told = '';
  (child.stdio[3] as Readable | undefined)?.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  // It may have ended by itself.
  child.stdin?.on('error', () => undefined);
  const ended = untilEnded(child).then((code) => (told === '' ? code : Number(told)));
  return {
    ended,
    printed: (pattern) =>
      new Promise((resolve) => {
        const look = (line: string) => {
          const found = pattern.exec(line);
          if (found) resolve(found[1] ?? found[0]);
        };
        listeners.add(look);
        for (const line of lines) look(line);
      }),
    async stop() {
      if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f']);
      child.stdin?.end();
      await ended;
    },
  };
}

/** How long output may go on after the command: what it wrote last is read, and a daemon that left its group is not waited for. */
const outputMilliseconds = 1_000;

async function untilEnded(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close');
  const [code] = await once(child, 'exit');
  const timer = setTimeout(() => {
    for (const stream of child.stdio) stream?.destroy();
  }, outputMilliseconds);
  await closed;
  clearTimeout(timer);
  return code as number | null;
}

function start(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  if (process.platform === 'win32') {
    return spawn(command.join(' '), { cwd, env, shell: true, stdio: ['pipe', 'pipe', 'pipe'] });
  }
  const args = ['-c', guardian, 'daypass-dev', ...command];
  return spawn('/bin/sh', args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
}

/** `node_modules/.bin` of a folder and of those around it. */
function binFolders(folder: string): string[] {
  const parent = dirname(folder);
  const own = join(folder, 'node_modules/.bin');
  return [...(existsSync(own) ? [own] : []), ...(parent === folder ? [] : binFolders(parent))];
}

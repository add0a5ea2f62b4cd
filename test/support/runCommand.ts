import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A command that runs until it is stopped. */
export interface RunningCommand {
  process: ChildProcess;
  /** Everything that it has printed so far. */
  output(): string;
  /** Resolves with what the pattern captured first, or with the whole match, once it was printed. */
  printed(pattern: RegExp): Promise<string>;
  /** The exit code; null when a signal ended it. */
  exited: Promise<number | null>;
}

/** Starts Node on a file of the project, with this process's environment and some variables more. */
export function runNode(file: string, environment: Record<string, string> = {}): RunningCommand {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return {
    process: child,
    output: () => output,
    exited,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match) resolve(match[1] ?? match[0]);
        };
        listeners.add(look);
        look();
        exited.then((code) => reject(new Error(`${file} ended with ${code} and printed:\n${output}`)));
      }),
  };
}

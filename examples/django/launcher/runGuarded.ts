import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A command that ends when this process does, however that ends. */
export interface GuardedCommand {
  /**
   * Resolves with what the pattern captured first, once standard output holds it.
   * @throws {Error} the command ended before, with what it said on standard error
   */
  printed(pattern: RegExp): Promise<string>;
  /** Ends the command and its children; resolves when they and their folder are gone. */
  stop(): Promise<void>;
}

export interface GuardedOptions {
  cwd?: string;
  /** All of its variables; DAYPASS_FOLDER, a temporary folder that goes with it, is added. */
  env: NodeJS.ProcessEnv;
  /** Takes what it says on standard error. */
  onError?: (text: string) => void;
}

const guard = join(import.meta.dirname, 'guard.py');

/**
 * Runs a command behind `guard.py`, which ends it when our end of a pipe is gone.
 * @throws {Error} there is no python3 on the PATH
 */
export async function runGuarded(
  command: readonly string[],
  { cwd, env, onError = () => undefined }: GuardedOptions,
): Promise<GuardedCommand> {
  // In a session of its own, so that Ctrl-C in a terminal reaches only this process.
  const child = spawn('python3', [guard, ...command], { cwd, env, detached: true });
  await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('python3 was not found. Install Python 3.10 or newer and put python3 on the PATH.');
  });
  const closed = once(child, 'close');
  // It may have ended by itself.
  child.stdin.on('error', () => undefined);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    onError(text);
  });
  return {
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output)?.[1];
          if (found !== undefined) resolve(found);
        };
        child.stdout.on('data', look);
        look();
        closed.then(() => reject(new Error(errors.trim())));
      }),
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}

import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { stripVTControlCharacters, styleText } from 'node:util';

/** All that a command may touch of the process it runs in; a test hands in its own. */
export interface Io {
  /** The folder in which the command was called. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The present, milliseconds since the epoch. */
  now(): number;
  readonly fetch: typeof globalThis.fetch;
  /** Undefined where there is nothing to read. */
  readonly stdin?: Readable | undefined;
  /** What was asked for, and nothing else: another program may read it. Takes the text as it is, with its line breaks. */
  writeOut(text: string): void;
  /** Hints, progress and errors. */
  writeError(text: string): void;
  /** Whether somebody is there to answer a question. */
  readonly isInteractive: boolean;
  readonly hasColours: boolean;
  /** Waits. Default: by a timer. */
  sleep?(milliseconds: number): Promise<void>;
}

/** The streams and variables of this process, as {@link Io}. */
export function createProcessIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  return {
    cwd: process.cwd(),
    env,
    now: () => Date.now(),
    fetch: (input, init) => fetch(input, init),
    stdin,
    writeOut: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    isInteractive: Boolean(stdin.isTTY && stdout.isTTY && !env.CI),
    hasColours: wantsColours(env, stdout.isTTY),
  };
}

/** NO_COLOR (no-color.org) and FORCE_COLOR overrule what the terminal can do. */
function wantsColours(env: Io['env'], isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}

type Format = Parameters<typeof styleText>[0];

/** Text for a terminal: in colours where it has them, else as it is, so that no meaning may lie in the colour alone. */
export function style(io: Pick<Io, 'hasColours'>, format: Format, text: string): string {
  return io.hasColours ? styleText(format, text, { validateStream: false }) : text;
}

/** Text of a server or of a token for a terminal: lines, and nothing that it obeys or that turns a line around. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{C}\n]/gu, ' ');
}

/** The same for what belongs into one line: nobody may write a line of ours. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll('\n', ' ');
}

/** JSON escapes the control characters of ASCII; the others, a terminal obeys too. */
export function toPlainJson(value: unknown, indent?: number): string {
  const escapeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, indent).replace(/[^\P{C}\n]/gu, (text) =>
    text.split('').map(escapeUnit).join(''),
  );
}

/** The answer of a command with `--json`. */
export function writeJson(io: Pick<Io, 'writeOut'>, value: unknown): void {
  io.writeOut(`${toPlainJson(value, 2)}\n`);
}

/** Waits as the process does, or as a test wants it. */
export function sleep(io: Pick<Io, 'sleep'>, milliseconds: number): Promise<void> {
  return io.sleep ? io.sleep(milliseconds) : setTimeout(milliseconds);
}

/** All of standard input, as text; empty if there is none. */
export async function readStdin({ stdin }: Pick<Io, 'stdin'>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

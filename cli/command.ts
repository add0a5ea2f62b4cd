import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { ConfigurationError, DaypassError } from '../src/protocol/error.ts';
import { nearest } from '../src/protocol/nearest.ts';
import { type Io, plainText, readStdin, style, writeJson } from './output.ts';

/** Of the package. */
export const { version } = manifest;

/** 0: fine; 1: broken; 2: works, but is weak; 64: the command line is wrong (EX_USAGE of sysexits.h). */
export type ExitCode = 0 | 1 | 2 | 64;

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** One letter. */
  readonly short?: string;
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
  readonly default?: string | boolean | readonly string[];
  /** What it does, in one line for the help. */
  readonly description: string;
  /** What stands for its value in the help, such as `<seconds>`. */
  readonly placeholder?: string;
}

export type Options = Readonly<Record<string, Option>>;

type Value = string | boolean | string[] | undefined;

type ValueOf<O extends Option> = O['type'] extends 'boolean'
  ? boolean
  : O['multiple'] extends true
    ? string[]
    : string;

/** The values of a command's options, by their names. */
export type Values<O extends Options> = string extends keyof O
  ? Readonly<Record<string, Value>>
  : {
      readonly [Name in keyof O]:
        | ValueOf<O[Name]>
        | (O[Name] extends { readonly default: unknown } ? never : undefined);
    };

/** One call of a command. */
export interface Invocation<O extends Options = Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  readonly io: Io;
  /** Whether the answer is for a program: one JSON value, no colours, no questions. */
  readonly isJson: boolean;
}

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What it takes besides options, such as `<token>` or `[url]`. Default: nothing. */
  readonly positionals?: string;
  readonly options: O;
  /** Variables of the environment that it reads, by their names, each with what it is for. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whole command lines that work as they stand. */
  readonly examples: readonly string[];
  run(invocation: Invocation<O>): Promise<ExitCode>;
}

/** A command whose `run` knows the types of its options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** The options that every command has. */
export const commonOptions = {
  json: { type: 'boolean', description: 'Answer in JSON, for programs' },
  'env-file': {
    type: 'string',
    placeholder: '<file>',
    description: 'Read variables from a file too, - for standard input; those of the environment prevail',
  },
  help: { type: 'boolean', short: 'h', description: 'Show this help' },
} as const satisfies Options;

/** What a command could not do. Its message is for people, and never holds a secret. */
export class CommandError extends Error {
  /** Stable, for programs. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** More of it for programs: members of the error with `--json`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    { exitCode = 1, details = {} }: { exitCode?: ExitCode; details?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** The command line is wrong: exit code 64. What it quotes of it may be a secret in the wrong place, so that is cut short. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super('wrong_usage', cutSecrets(message), { exitCode: 64 });
    this.name = 'UsageError';
  }
}

/** Cuts words that look like a token or a secret: long, of letters in both cases and digits, and no part of a path. */
function cutSecrets(text: string): string {
  const words = /(?<![\w/-])(?=[\w.-]*[a-z])(?=[\w.-]*[A-Z])(?=[\w.-]*\d)[\w-]{20,}(\.[\w-]+)*/g;
  return text.replace(words, (word) => `${word.slice(0, 4)}…`);
}

/**
 * Runs the command that the first argument names, and reports what it throws.
 * @param args the arguments behind `daypass`
 * @returns the exit code of the process
 */
export async function runCommandLine(
  commands: readonly Command[],
  args: readonly string[],
  io: Io,
): Promise<ExitCode> {
  const [name = '', ...rest] = args;
  const isJson = hasFlag(args, '--json');
  try {
    if (name === '' || name === '--help' || name === '-h' || name === 'help') {
      const asked = commands.find((command) => command.name === rest[0]);
      (name === '' ? io.writeError : io.writeOut)(
        asked ? formatHelp(asked, io) : formatOverview(commands, io),
      );
      return name === '' ? 64 : 0;
    }
    const command = commands.find((each) => each.name === name);
    if (!command)
      throw new UsageError(
        unknownText(
          'command',
          name,
          commands.map((each) => each.name),
        ),
      );
    return await runCommand(command, rest, io);
  } catch (error) {
    return reportError(error, isJson, io);
  }
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parseCommand(command, args);
  if (values.help === true) {
    io.writeOut(formatHelp(command, io));
    return 0;
  }
  const isJson = values.json === true;
  const file = values['env-file'];
  const env = typeof file === 'string' ? { ...(await readEnvFile(file, io)), ...io.env } : io.env;
  // What a program reads holds neither questions nor colours.
  const quiet = isJson ? { isInteractive: false, hasColours: false } : {};
  // The common ones are not the command's: some hand on all that they get.
  const own = Object.fromEntries(Object.entries(values).filter(([name]) => name in command.options));
  return command.run({ values: own, positionals, isJson, io: { ...io, env, ...quiet } });
}

async function readEnvFile(file: string, io: Io): Promise<NodeJS.Dict<string>> {
  if (file === '-') return parseEnv(await readStdin(io));
  const path = resolve(io.cwd, file);
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--env-file: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

/**
 * Parses the arguments of a command.
 * @throws {UsageError} names an unknown option and the nearest that there is
 */
export function parseCommand(
  command: Command,
  args: readonly string[],
): { values: Record<string, Value>; positionals: string[] } {
  const options: Options = { ...command.options, ...commonOptions };
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: options as NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object,
      allowPositionals: true,
      strict: true,
    });
    const mayHave = countPositionals(command.positionals);
    if (values.help !== true && positionals.length > mayHave) {
      const extra = JSON.stringify(positionals[mayHave]);
      throw new UsageError(`${extra} is one argument too many. Usage: ${usageOf(command)}`);
    }
    return { values: values as Record<string, Value>, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(optionProblem(error as NodeJS.ErrnoException, command, options));
  }
}

/** How many arguments `<a> [b]` allows; `…` at the end, any number. */
function countPositionals(pattern = ''): number {
  if (pattern.includes('…') || pattern.includes('...')) return Number.POSITIVE_INFINITY;
  return pattern.match(/[<[][^\]>]+[\]>]/g)?.length ?? 0;
}

function optionProblem(error: NodeJS.ErrnoException, command: Command, options: Options): string {
  const help = `See daypass ${command.name} --help.`;
  const [, unknown] = /^Unknown option '(-[^']*)'/.exec(error.message) ?? [];
  if (unknown)
    return `${unknownText(
      'option',
      unknown,
      Object.keys(options).map((name) => `--${name}`),
    )} ${help}`;
  // Node adds how to pass what begins with a dash; the first sentence names the option.
  const [sentence = ''] = error.message.split(/\.? Did you|\n/);
  return `${sentence.replace(/\.?$/, '.')} ${help}`;
}

function unknownText(kind: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `There is no ${kind} ${name}${near ? `; did you mean ${near}?` : `. There are: ${known.join(', ')}.`}`;
}

/** Writes what a command threw, and returns its exit code. */
export function reportError(error: unknown, isJson: boolean, io: Io): ExitCode {
  const { code, message, exitCode, details } = toCommandError(error);
  if (isJson) writeJson(io, { error: { code, message, ...details } });
  else io.writeError(`${style(io, 'red', 'error')}: ${plainText(message)}\n`);
  return exitCode;
}

function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof ConfigurationError || error instanceof DaypassError)
    return new CommandError(error.code, error.message);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CommandError('internal_error', `Something went wrong on our side. ${message}`);
}

/** Whether a flag stands before `--`, for errors of a command line that cannot be parsed. */
function hasFlag(args: readonly string[], flag: string): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).includes(flag);
}

const usageOf = ({ name, positionals }: Command) =>
  `daypass ${name}${positionals ? ` ${positionals}` : ''} [options]`;

/** The help of one command. */
export function formatHelp(command: Command, io: Pick<Io, 'hasColours'>): string {
  const heading = (text: string) => style(io, 'bold', text);
  const rows = Object.entries({ ...command.options, ...commonOptions }).map(
    ([name, option]): [string, string] => [`  ${formatOption(name, option)}`, describeOption(option)],
  );
  const variables = Object.entries(command.variables ?? {}).map(([name, description]): [string, string] => [
    `  ${name}`,
    description,
  ]);
  return [
    command.summary,
    '',
    heading('Usage'),
    `  ${usageOf(command)}`,
    '',
    heading('Options'),
    ...formatColumns(rows),
    '',
    ...(variables.length > 0 ? [heading('Variables'), ...formatColumns(variables), ''] : []),
    heading('Examples'),
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}

/** An option as it is written: `-h, --help`, `--env-file <file>`. */
export function formatOption(name: string, { type, short, placeholder = '<value>' }: Option): string {
  return `${short ? `-${short}, ` : ''}--${name}${type === 'string' ? ` ${placeholder}` : ''}`;
}

/** What an option does, with its default. */
export function describeOption({ description, default: value, multiple }: Option): string {
  const hasDefault = value !== undefined && value !== false && String(value) !== '';
  const notes = [...(multiple ? ['repeatable'] : []), ...(hasDefault ? [`default: ${value}`] : [])];
  return notes.length > 0 ? `${description} (${notes.join('; ')})` : description;
}

function formatOverview(commands: readonly Command[], io: Pick<Io, 'hasColours'>): string {
  const heading = (text: string) => style(io, 'bold', text);
  return [
    'Anonymous-session tokens for public APIs, brokered by Netlify',
    '',
    heading('Usage'),
    '  daypass <command> [options]',
    '',
    heading('Commands'),
    ...formatColumns(commands.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    'daypass <command> --help shows the options of a command, and examples; daypass --version, the version.',
    'Exit codes: 0 fine, 1 broken, 2 works but is weak, 64 wrong usage.',
    '',
  ].join('\n');
}

function formatColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `${left.padEnd(width)}${right}`);
}

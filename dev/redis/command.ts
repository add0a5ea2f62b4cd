import { createHash } from 'node:crypto';

/** A command as Redis takes it: its name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: string[]];

/** What Redis says to one command, in the shapes of RESP2. An `Error` is Redis's own refusal, word for word. */
export type Reply = null | number | string | Uint8Array | Error | Reply[];

/** The Redis behind the bridge. */
export interface Backend {
  /** Which Redis this is, for people. */
  readonly words: string;
  /** The id of the redis-server process that was started for this bridge; undefined when there is none. */
  readonly processId: number | undefined;
  /**
   * Runs commands in order, in one round trip; a refusal stands in its command's place.
   * @throws BackendAway when Redis cannot be reached, whatever ran of the commands
   */
  run(commands: readonly Command[]): Promise<Reply[]>;
  /**
   * Runs commands as one transaction; an `Error` means that it was discarded as a whole.
   * @throws BackendAway as `run` does
   */
  transact(commands: readonly Command[]): Promise<Reply[] | Error>;
  /** Ends the connection, and the process if one was started. */
  close(): Promise<void>;
}

/** Redis could not be asked, or its answer was lost. */
export class BackendAway extends Error {
  override readonly name = 'BackendAway';
}

/** A request that is not in the form of the REST API; the message is for its caller. */
export class UnreadableCommand extends Error {
  override readonly name = 'UnreadableCommand';
}

/**
 * The body of `POST /`: one command as a JSON array of strings, numbers and booleans.
 * @throws UnreadableCommand when it is anything else
 */
export function parseCommand(body: string): Command {
  return toCommand(parseJson(body, 'command'), 'command');
}

/**
 * The body of `POST /pipeline` and `POST /multi-exec`: a JSON array of commands.
 * @throws UnreadableCommand when it is anything else, or empty
 */
export function parseCommands(body: string, kind: 'pipeline' | 'transaction'): Command[] {
  const what = `${kind} request`;
  const rows = parseJson(body, what);
  if (!Array.isArray(rows)) throw new UnreadableCommand(`ERR failed to parse ${what}`);
  if (rows.length === 0) throw new UnreadableCommand(`ERR empty ${what}`);
  return rows.map((row) => toCommand(row, what));
}

/**
 * A command in the path, `/set/key/value`: a body is the last argument of the path, and the query follows it, as in
 * `/set/key?EX=100` (Upstash, "API Semantics" and "JSON or Binary Value").
 * @throws UnreadableCommand when the path is not properly percent-encoded
 */
export function parsePath(path: string, query: string, body: string): Command {
  const words = path.slice(1).split('/').map(decodeSegment);
  if (body !== '') words.push(body);
  for (const [word, value] of new URLSearchParams(query)) words.push(word, ...(value === '' ? [] : [value]));
  return toCommand(words, 'command');
}

function parseJson(body: string, what: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new UnreadableCommand(`ERR failed to parse ${what}`);
  }
}

function toCommand(row: unknown, what: string): Command {
  if (!Array.isArray(row)) throw new UnreadableCommand(`ERR failed to parse ${what}`);
  const [name, ...args] = row.map((item) => toWord(item, what));
  if (name === undefined || name === '') throw new UnreadableCommand('ERR empty command');
  return [name.toUpperCase(), ...args];
}

function toWord(item: unknown, what: string): string {
  if (typeof item === 'string') return item;
  if (typeof item === 'number' || typeof item === 'boolean') return String(item);
  throw new UnreadableCommand(`ERR failed to parse ${what}`);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new UnreadableCommand('ERR failed to parse command');
  }
}

// All callers share one connection: a command that blocks it or changes its state would stop or mislead the others.
const refused = new Set([
  ...['AUTH', 'CLIENT', 'HELLO', 'QUIT', 'READONLY', 'READWRITE', 'RESET', 'SELECT'],
  ...['DISCARD', 'EXEC', 'MULTI', 'UNWATCH', 'WATCH'],
  ...['PSUBSCRIBE', 'PUNSUBSCRIBE', 'SSUBSCRIBE', 'SUBSCRIBE', 'SUNSUBSCRIBE', 'UNSUBSCRIBE'],
  ...[
    'BLMOVE',
    'BLMPOP',
    'BLPOP',
    'BRPOP',
    'BRPOPLPUSH',
    'BZMPOP',
    'BZPOPMAX',
    'BZPOPMIN',
    'WAIT',
    'WAITAOF',
  ],
  ...[
    'CLUSTER',
    'DEBUG',
    'FAILOVER',
    'MONITOR',
    'PSYNC',
    'REPLCONF',
    'REPLICAOF',
    'SHUTDOWN',
    'SLAVEOF',
    'SYNC',
  ],
]);

/**
 * Why the REST API does not offer a command, in Upstash's words, or undefined when it does.
 * Source: Upstash, "REST - Redis API Compatibility"; of the commands on a server, those that would stop it.
 */
export function refuseCommand([name, ...args]: Command): Error | undefined {
  const blocks = (name === 'XREAD' || name === 'XREADGROUP') && args.some((word) => /^block$/i.test(word));
  if (!blocks && !refused.has(name)) return undefined;
  return new Error(`ERR Command "${name}" is not allowed in REST or it has a special context path`);
}

/** The name that Redis gives a script: SHA-1 in lower-case hex. */
export function hashScript(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}

import type { Command } from './backend.ts';

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

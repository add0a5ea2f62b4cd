import type { Metadata } from './metadata.ts';

// Go's encoding/json, as far as a caller can tell it from others: keys match without regard to case, a later
// key wins, null sets nothing, unknown keys are ignored, and the messages are its own.

type Kind = 'string' | 'bool' | 'map';
type Value<K extends Kind> = K extends 'string' ? string : K extends 'bool' ? boolean : Metadata | null;
type Params<F extends Record<string, Kind>> = { -readonly [N in keyof F]: Value<F[N]> };

const zero = { string: '', bool: false, map: null };
const goType = { string: 'string', bool: 'bool', map: 'map[string]interface {}' };

/**
 * Reads a JSON body into the fields of one of GoTrue's structs.
 * @throws Error with Go's message when the body is no JSON or of the wrong type
 */
export function readParams<const F extends Record<string, Kind>>(
  text: string,
  struct: string,
  fields: F,
): Params<F> {
  const body = parse(text);
  const members = Object.entries(fields).map(([name, kind]) => ({
    name,
    kind,
    pattern: foldedPattern(name),
  }));
  const params: Record<string, unknown> = {};
  for (const { name, kind } of members) params[name] = zero[kind];
  if (body === null) return params as Params<F>;
  if (kindOf(body) !== 'object') {
    throw new Error(`json: cannot unmarshal ${kindOf(body)} into Go value of type api.${struct}`);
  }
  for (const [key, value] of Object.entries(body)) {
    const member = members.find(({ pattern }) => pattern.test(key));
    if (!member || value === null) continue;
    const { name, kind } = member;
    if (!fits(value, kind)) {
      throw new Error(
        `json: cannot unmarshal ${kindOf(value)} into Go struct field ${struct}.${name} of type ${goType[kind]}`,
      );
    }
    params[name] = value;
  }
  return params as Params<F>;
}

function parse(text: string): object | null {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    // Go's decoder reads one value, and does not look at what comes behind.
    const end = /^Unexpected non-whitespace character after JSON at position (\d+)/.exec(message)?.[1];
    if (end !== undefined) return JSON.parse(text.slice(0, Number(end)));
    throw new Error(syntaxFault(text, message));
  }
}

function syntaxFault(text: string, message: string): string {
  if (text.trim() === '') return 'EOF';
  const position = /at position (\d+)/.exec(message)?.[1];
  const ended = position === undefined ? message.includes('end of JSON') : Number(position) >= text.length;
  if (ended || message.startsWith('Unterminated')) return 'unexpected EOF';
  const character = /^Unexpected token '(.+?)'/su.exec(message)?.[1] ?? text[Number(position)];
  return `invalid character '${firstByteOf(character)}' looking for beginning of value`;
}

/** Go goes by bytes, and shows one beyond ASCII as the character of that number. */
function firstByteOf(character = ''): string {
  return String.fromCharCode(Buffer.from(character)[0] ?? 0);
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind === 'map') return kindOf(value) === 'object';
  return kindOf(value) === kind;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

// With both flags a pattern compares by Unicode's simple folding, as Go does: the long s is an s there too.
function foldedPattern(name: string): RegExp {
  return new RegExp(`^${name}$`, 'iu');
}

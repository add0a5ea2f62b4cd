import { base64url } from 'jose';

/** Longest token that anybody here looks at, in bytes (it is ASCII). */
const maxTokenBytes = 4096;

/**
 * How deep header and claims may nest (RFC 8259 §9): the object itself is the first level, each object or list inside
 * another one more. Parsers differ in what they bear, so one bound makes all verifiers agree.
 */
const maxLevels = 64;

export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Reads a JWS in compact form without believing it: no signature is checked.
 * @returns undefined when the token is longer than 4096 bytes, has not three parts, is not base64url in its
 * canonical form (RFC 4648 §3.5), not JSON in UTF-8, not two objects, nests deeper than 64 levels, or repeats a
 * member (RFC 7515 §4)
 */
export function parseToken(token: string): ParsedToken | undefined {
  if (token.length > maxTokenBytes) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonicalBase64url)) return undefined;
  const header = parseObject(parts[0] as string);
  const payload = parseObject(parts[1] as string);
  return header && payload && { header, payload };
}

function isCanonicalBase64url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return false;
  // Decoders ignore the bits behind the last byte, so one signature would have several spellings.
  const rest = text.length % 4;
  if (rest === 2) return /[AQgw]$/.test(text);
  if (rest === 3) return /[AEIMQUYcgkosw048]$/.test(text);
  return rest === 0;
}

// Kept: making one costs more than a decode on Deno.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const text = utf8.decode(base64url.decode(part));
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return countWrittenMembers(text) === countMembers(value, 1)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const [quote, backslash, colon] = ['"', '\\', ':'].map((character) => character.charCodeAt(0));

/** Members as written: in valid JSON, each has one colon outside of strings. */
function countWrittenMembers(json: string): number {
  let count = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === quote) inString = !inString;
    else if (inString) {
      // Skips what is escaped, which may be a quote.
      if (code === backslash) index += 1;
    } else if (code === colon) count += 1;
  }
  return count;
}

/**
 * Members that survived parsing: fewer than written when a name was repeated.
 * @throws {RangeError} it nests too deep
 */
function countMembers(value: object, level: number): number {
  if (level > maxLevels) throw new RangeError('JSON nests too deep');
  const inside = Object.values(value);
  let count = Array.isArray(value) ? 0 : inside.length;
  for (const member of inside) {
    if (typeof member === 'object' && member !== null) count += countMembers(member, level + 1);
  }
  return count;
}

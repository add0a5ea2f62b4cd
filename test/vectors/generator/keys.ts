import { goodHeader, withHeader } from './craft.ts';
import { refused, type Vector } from './vector.ts';

const known = 'Policy: kid names one of the keys that the verifier has; nothing else is tried.';
const text = 'RFC 7515 §4.1.4: kid is a case-sensitive string.';

function otherKid(name: string, kid: unknown, why: string): Vector {
  return refused('token_key', `kid: ${name}`, why, withHeader({ kid }));
}

function swapCase(kid: string): string {
  return [...kid]
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join('');
}

export const keys: Vector[] = [
  otherKid('absent', undefined, known),
  otherKid('null', null, text),
  otherKid('empty', '', known),
  otherKid('a number', 1, text),
  otherKid('a list', [goodHeader.kid], text),
  otherKid('an object', { kid: goodHeader.kid }, text),
  otherKid('unknown', 'AAAAAAAA', known),
  otherKid('ours in the other case', swapCase(goodHeader.kid), text),
  otherKid('ours without its last character', goodHeader.kid.slice(0, -1), known),
  otherKid('ours with one character more', `${goodHeader.kid}A`, known),
  otherKid('ours with a space', `${goodHeader.kid} `, known),
  otherKid('ours with a NUL', `${goodHeader.kid}\u0000`, known),
  otherKid('of the Identity token', 'nf-ident', known),
  otherKid('__proto__', '__proto__', `${known} A name that objects have of themselves is no key.`),
  otherKid('constructor', 'constructor', `${known} A name that objects have of themselves is no key.`),
  otherKid(
    'a path',
    '../../../../dev/null',
    'RFC 8725 §3.10: what kid says is never used to fetch anything.',
  ),
  otherKid('SQL', "x' UNION SELECT 'key", 'RFC 8725 §3.10: what kid says is never used to fetch anything.'),
  otherKid(
    'an address',
    'https://attacker.example/key',
    'RFC 8725 §3.10: what kid says is never used to fetch anything.',
  ),
  refused(
    'token_key',
    'kid: the member is called KID',
    'RFC 7515 §5.3: names are compared code point by code point, so kid is absent.',
    withHeader({ kid: undefined, KID: goodHeader.kid }),
  ),
];

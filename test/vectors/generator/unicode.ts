import { goodClaims, goodHeader, sign, withClaims, withHeader } from './craft.ts';
import { accepted, refused, type Vector } from './vector.ts';

const utf8 = 'RFC 7519 §7.2 and RFC 8725 §3.7: the claims are JSON in UTF-8';
const claims = JSON.stringify({ ...goodClaims, x: '?' });
const header = JSON.stringify({ ...goodHeader, x: '?' });

/** The text in UTF-8, with raw bytes in place of its question mark. */
function withBytes(text: string, ...bytes: number[]): Buffer {
  const [before, after] = text.split('?') as [string, string];
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

/** Sequences that are not UTF-8, and why (RFC 3629). */
const broken: [string, string, number[]][] = [
  ['a byte that UTF-8 never has', '§1', [0xff]],
  ['a letter of Latin-1', '§3', [0xe9]],
  ['a sequence that breaks off', '§3', [0xe2, 0x82]],
  ['a continuation without a start', '§3', [0x80]],
  ['an overlong slash', '§3 forbids it', [0xc0, 0xaf]],
  ['an overlong NUL', '§3 forbids it', [0xc0, 0x80]],
  ['an overlong quote of three bytes', '§3 forbids it', [0xe0, 0x80, 0xa2]],
  ['a surrogate', '§3 forbids it', [0xed, 0xa0, 0x80]],
  ['a pair of surrogates', '§3 forbids it', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['a code point beyond the last', '§3', [0xf4, 0x90, 0x80, 0x80]],
];

function bigEndian(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

export const unicode: Vector[] = [
  ...broken.map(([name, section, bytes]) =>
    refused(
      'token_malformed',
      `unicode: ${name} in the claims`,
      `${utf8}; RFC 3629 ${section}.`,
      sign(goodHeader, withBytes(claims, ...bytes)),
    ),
  ),
  refused(
    'token_malformed',
    'unicode: a byte that UTF-8 never has, in the header',
    'RFC 7515 §5.2: the header is JSON in UTF-8.',
    sign(withBytes(header, 0xff), goodClaims),
  ),
  refused(
    'token_malformed',
    'unicode: an overlong letter in the name of a claim',
    `${utf8}; RFC 3629 §3: else it would be a second aud.`,
    sign(goodHeader, withBytes(claims.replace('"x":"?"', '"?ud":"admin"'), 0xc1, 0xa1)),
  ),
  refused(
    'token_malformed',
    'unicode: claims in UTF-16, low byte first',
    `${utf8}, not in an encoding that is guessed.`,
    sign(goodHeader, Buffer.from(claims, 'utf16le')),
  ),
  refused(
    'token_malformed',
    'unicode: claims in UTF-16, high byte first',
    `${utf8}, not in an encoding that is guessed.`,
    sign(goodHeader, bigEndian(claims)),
  ),
  refused(
    'token_malformed',
    'unicode: a header in UTF-16',
    'RFC 7515 §5.2: the header is JSON in UTF-8, not in an encoding that is guessed.',
    sign(Buffer.from(header, 'utf16le'), goodClaims),
  ),
  accepted(
    'unicode: every length of UTF-8',
    `${utf8}.`,
    withClaims({ x: 'aé€\u{1f600}', ключ: 'значение', 鍵: '値' }),
  ),
  accepted(
    'unicode: characters that are none',
    'RFC 3629 §3 allows U+FFFF and U+10FFFF.',
    withClaims({ x: '\uffff\u{10ffff}\ufffd' }),
  ),
  accepted(
    'unicode: line separators in a string',
    'RFC 8259 §7: only characters below U+0020 must be escaped.',
    withClaims({ x: '\u2028\u2029\u007f\u0085' }),
  ),
  accepted(
    'unicode: a pair of surrogates written as escapes',
    'RFC 8259 §7: this is U+1F600.',
    sign(goodHeader, claims.replace('"?"', '"\\ud83d\\ude00"')),
  ),
  accepted(
    'unicode: a NUL written as an escape',
    'RFC 8259 §7: any character may be written so.',
    sign(goodHeader, claims.replace('"?"', '"\\u0000"')),
  ),
  accepted(
    'unicode: a jti of letters beyond ASCII',
    'RFC 7519 §4.1.7: jti is a string.',
    withClaims({ jti: 'jeton-é-値' }),
  ),
  accepted(
    'unicode: in a header member that nobody knows',
    'RFC 7515 §4.',
    withHeader({ x: 'é値\u{1f600}' }),
  ),
  accepted(
    'unicode: an audience beyond ASCII',
    'RFC 7519 §2: any string may be an audience.',
    withClaims({ aud: 'café' }),
    { audience: 'café' },
  ),
  refused(
    'token_audience',
    'unicode: an audience in another normal form',
    'RFC 7519 §7.3: strings are compared code point by code point, without any normalisation.',
    withClaims({ aud: 'cafe\u0301' }),
    { audience: 'café' },
  ),
];

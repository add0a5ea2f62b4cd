import { encode, goodClaims, goodHeader, goodToken, partsOf, signEncoded } from './craft.ts';
import { accepted, refused, type Vector } from './vector.ts';

const [header, claims, signature] = partsOf(goodToken);
const bare = 'RFC 7515 §2: base64url without padding, line breaks, white space or any other character.';
const compact = 'RFC 7515 §7.1: three parts and two dots, nothing else.';
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function malformed(name: string, why: string, token: string): Vector {
  return refused('token_malformed', `encoding: ${name}`, why, token);
}

/** The header padded with members until its encoding leaves this many characters in its last group of four. */
function headerOfRest(rest: number): string {
  return textOfRest(goodHeader, rest);
}

function textOfRest(members: object, rest: number): string {
  let padding = '';
  while (encode({ ...members, x: padding }).length % 4 !== rest) padding += 'x';
  return encode({ ...members, x: padding });
}

/** Another spelling of the same bytes: the bits behind the last byte set. */
function respelled(part: string, offset: number): string {
  const last = alphabet.indexOf(part.at(-1) as string);
  return part.slice(0, -1) + alphabet[last + offset];
}

const canonical = 'Policy: the canonical encoding of RFC 4648 §3.5 alone; a token has one spelling.';

const trailingBits: Vector[] = [
  ...[1, 2, 3].map((offset) =>
    malformed(
      `the last character of the signature, ${offset} further`,
      `${canonical} It decodes to the same 32 bytes.`,
      `${header}.${claims}.${respelled(signature, offset)}`,
    ),
  ),
  ...[1, 15].map((offset) =>
    malformed(
      `a header of one byte over, the last character ${offset} further`,
      `${canonical} The signature is over this spelling.`,
      signEncoded(respelled(headerOfRest(2), offset), claims),
    ),
  ),
  malformed(
    'a header of two bytes over, the last character further',
    `${canonical} The signature is over this spelling.`,
    signEncoded(respelled(headerOfRest(3), 1), claims),
  ),
  malformed(
    'claims of one byte over, the last character further',
    `${canonical} The signature is over this spelling.`,
    signEncoded(header, respelled(textOfRest(goodClaims, 2), 1)),
  ),
  malformed(
    'claims of two bytes over, the last character further',
    `${canonical} The signature is over this spelling.`,
    signEncoded(header, respelled(textOfRest(goodClaims, 3), 3)),
  ),
  ...[0, 2, 3].map((rest) =>
    accepted(
      `encoding: parts of ${rest} characters in the last group`,
      'RFC 4648 §5: every length but 1 modulo 4 is right.',
      signEncoded(headerOfRest(rest), textOfRest(goodClaims, rest)),
    ),
  ),
];

const padding: Vector[] = [
  malformed('the signature padded', bare, `${goodToken}=`),
  malformed('the signature padded too far', bare, `${goodToken}==`),
  malformed('the header padded', bare, signEncoded(`${headerOfRest(2)}==`, claims)),
  malformed('the claims padded', bare, signEncoded(header, `${textOfRest(goodClaims, 3)}=`)),
  malformed('padding escaped for an address', bare, `${goodToken}%3D`),
  malformed('a group that is all padding', bare, `${goodToken}====`),
];

/** Claims whose base64url holds both - and _. */
const symbols = encode({ ...goodClaims, x: '>>>???~~~ÿÿÿ' });

const characters: Vector[] = [
  accepted(
    'encoding: both characters that base64 does not have',
    'RFC 4648 §5.',
    signEncoded(header, symbols),
  ),
  malformed(
    'claims in plain base64',
    `${bare} + and / belong to RFC 4648 §4.`,
    signEncoded(header, symbols.replaceAll('-', '+').replaceAll('_', '/')),
  ),
  malformed(
    'a signature in plain base64',
    `${bare} + and / belong to RFC 4648 §4.`,
    `${header}.${claims}.+/${signature.slice(2)}`,
  ),
  ...(
    [
      ['a space before it', ` ${goodToken}`],
      ['a space behind it', `${goodToken} `],
      ['a line break behind it', `${goodToken}\n`],
      ['a carriage return and a line break behind it', `${goodToken}\r\n`],
      ['a tab behind it', `${goodToken}\t`],
      ['a NUL behind it', `${goodToken}\u0000`],
      ['a space that does not break behind it', `${goodToken}\u00a0`],
      ['a space of no width before it', `\u200b${goodToken}`],
      ['a byte order mark before it', `\ufeff${goodToken}`],
      ['spaces around the first dot', `${header} . ${claims}.${signature}`],
      [
        'a line break in the signature',
        `${header}.${claims}.${signature.slice(0, 20)}\n${signature.slice(20)}`,
      ],
    ] as const
  ).map(([name, token]) => malformed(name, bare, token)),
  malformed(
    'a line break in the claims, under the signature',
    `${bare} MIME's decoders skip it (RFC 4648 §3.3).`,
    signEncoded(header, `${claims.slice(0, 76)}\n${claims.slice(76)}`),
  ),
  malformed('a full stop of another script', compact, `${header}．${claims}．${signature}`),
  malformed(
    'a letter of full width',
    `${bare} Letters are compared as they stand, without any normalisation.`,
    `${header}.${claims}.${signature.slice(0, -1)}Ａ`,
  ),
  malformed('a letter that is not ASCII', bare, `${header}.${claims}é.${signature}`),
  malformed('an emoji', bare, `${header}.${claims}.${signature}\u{1f600}`),
  malformed('a percent sign', bare, `${header}%2E${claims}%2E${signature}`),
  malformed(
    'a tilde behind it',
    `${bare} Some formats hang disclosures on a token by tildes.`,
    `${goodToken}~`,
  ),
];

const shape: Vector[] = [
  malformed('nothing', compact, ''),
  malformed('one dot', compact, '.'),
  malformed('two dots', `${compact} A part that is empty is no JSON, and no HMAC.`, '..'),
  malformed('a word', compact, 'nonsense'),
  malformed('one part', compact, header),
  malformed('two parts', compact, `${header}.${claims}`),
  malformed('four parts', compact, `${goodToken}.${signature}`),
  malformed(
    'five parts',
    `${compact} Five are a JWE (RFC 7516 §7.1).`,
    `${header}.AAAA.AAAA.${claims}.${signature}`,
  ),
  malformed('a dot behind it', compact, `${goodToken}.`),
  malformed('a dot before it', compact, `.${goodToken}`),
  malformed('an empty header', `${compact} The header is a JSON object.`, signEncoded('', claims)),
  malformed('empty claims', 'RFC 7519 §7.2: the claims are a JSON object.', signEncoded(header, '')),
  malformed('an empty signature', 'Policy: three parts that are not empty.', `${header}.${claims}.`),
  malformed(
    'a signature of one character',
    'RFC 4648 §4: one character makes no byte.',
    `${header}.${claims}.A`,
  ),
  malformed(
    'a signature of 41 characters',
    'RFC 4648 §4: a length of 1 modulo 4 encodes nothing.',
    goodToken.slice(0, -2),
  ),
  malformed(
    'claims of a length that encodes nothing',
    'RFC 4648 §4: a length of 1 modulo 4 encodes nothing.',
    signEncoded(header, `${textOfRest(goodClaims, 0)}A`),
  ),
  malformed(
    'the scheme before it',
    'RFC 6750 §2.1: the scheme belongs to the header field, not to the token.',
    `Bearer ${goodToken}`,
  ),
  malformed('quotes around it', bare, `"${goodToken}"`),
  malformed('two tokens', compact, `${goodToken},${goodToken}`),
  malformed(
    'the JSON form',
    'RFC 7519 §3: a JWT is always in compact form.',
    JSON.stringify({ protected: header, payload: claims, signature }),
  ),
  malformed('the whole of it encoded', compact, encode(goodToken)),
  malformed(
    'the parts not encoded',
    bare,
    `${JSON.stringify(goodHeader)}.${JSON.stringify(goodClaims)}.${signature}`,
  ),
];

const truncations: Vector[] = [
  malformed('cut within the header', compact, header.slice(0, 20)),
  malformed('cut behind the first dot', compact, `${header}.`),
  malformed('cut within the claims', compact, `${header}.${claims.slice(0, 40)}`),
  malformed('cut at its start', 'RFC 7515 §5.2: the header is a JSON object.', goodToken.slice(4)),
  refused(
    'token_malformed',
    'encoding: the claims cut within their JSON, under the signature',
    'RFC 7519 §7.2: the claims are a completely valid JSON object.',
    signEncoded(header, claims.slice(0, 80)),
  ),
  refused(
    'token_signature',
    'encoding: a signature cut by three characters',
    'RFC 7518 §3.2: the whole HMAC of 32 bytes is compared.',
    goodToken.slice(0, -3),
  ),
];

export const encodings: Vector[] = [...trailingBits, ...padding, ...characters, ...shape, ...truncations];

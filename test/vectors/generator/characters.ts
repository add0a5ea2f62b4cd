import { encode, goodClaims, goodToken, partsOf, signEncoded } from './craft.ts';
import { bare, compact, malformed } from './malformed.ts';
import { accepted, type Vector } from './vector.ts';

const [header, claims, signature] = partsOf(goodToken);

/** Claims whose base64url holds both - and _. */
const symbols = encode({ ...goodClaims, x: '>>>???~~~ÿÿÿ' });

export const characters: Vector[] = [
  accepted(
    'encoding: both characters that base64 does not have',
    'RFC 4648 §5: - and _ stand for + and /.',
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

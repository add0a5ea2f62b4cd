import { goodClaims, goodHeader, goodToken, partsOf, signEncoded } from './craft.ts';
import { bare, malformed, textOfRest } from './malformed.ts';
import { accepted, type Vector } from './vector.ts';

const [header, claims, signature] = partsOf(goodToken);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const canonical = 'Policy: the canonical encoding of RFC 4648 §3.5 alone; a token has one spelling.';

/** Another spelling of the same bytes: the bits behind the last byte set. */
function respelled(part: string, offset: number): string {
  const last = alphabet.indexOf(part.at(-1) as string);
  return part.slice(0, -1) + alphabet[last + offset];
}

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
      signEncoded(respelled(textOfRest(goodHeader, 2), offset), claims),
    ),
  ),
  malformed(
    'a header of two bytes over, the last character further',
    `${canonical} The signature is over this spelling.`,
    signEncoded(respelled(textOfRest(goodHeader, 3), 1), claims),
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
      signEncoded(textOfRest(goodHeader, rest), textOfRest(goodClaims, rest)),
    ),
  ),
];

const padding: Vector[] = [
  malformed('the signature padded', bare, `${goodToken}=`),
  malformed('the signature padded too far', bare, `${goodToken}==`),
  malformed('the header padded', bare, signEncoded(`${textOfRest(goodHeader, 2)}==`, claims)),
  malformed('the claims padded', bare, signEncoded(header, `${textOfRest(goodClaims, 3)}=`)),
  malformed('padding escaped for an address', bare, `${goodToken}%3D`),
  malformed('a group that is all padding', bare, `${goodToken}====`),
];

export const spellings: Vector[] = [...trailingBits, ...padding];

import { encode, goodClaims, goodHeader, goodToken, partsOf, signEncoded } from './craft.ts';
import { bare, compact, malformed, textOfRest } from './malformed.ts';
import { refused, type Vector } from './vector.ts';

const [header, claims, signature] = partsOf(goodToken);

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

export const shapes: Vector[] = [...shape, ...truncations];

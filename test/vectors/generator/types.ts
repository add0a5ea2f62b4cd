import { withHeader } from './craft.ts';
import { refused, type Vector } from './vector.ts';

const policy =
  'Policy, after RFC 8725 §3.11: typ is exactly JWT, so that another kind of token never passes for this one.';

const others: [unknown, string][] = [
  ['jwt', `${policy} RFC 7519 §5.1 recommends upper case; one spelling is accepted.`],
  ['Jwt', policy],
  ['application/jwt', `${policy} RFC 7515 §4.1.9 would let JWT stand for it; one spelling is accepted.`],
  ['application/JWT', policy],
  ['JOSE', policy],
  ['JWS', policy],
  ['at+jwt', `${policy} This is the type of RFC 9068.`],
  ['dpop+jwt', `${policy} This is the type of RFC 9449.`],
  ['secevent+jwt', `${policy} This is the type of RFC 8417.`],
  ['JWT ', policy],
  ['JWT\u0000', policy],
  ['', policy],
  [null, `${policy} RFC 7515 §4.1.9: typ is a string.`],
  [1, `${policy} RFC 7515 §4.1.9: typ is a string.`],
  [true, `${policy} RFC 7515 §4.1.9: typ is a string.`],
  [['JWT'], `${policy} RFC 7515 §4.1.9: typ is a string.`],
];

export const types: Vector[] = [
  ...others.map(([typ, why]) =>
    refused('token_type', `typ: ${JSON.stringify(typ)}`, why, withHeader({ typ })),
  ),
  refused('token_type', 'typ: absent', policy, withHeader({ typ: undefined })),
  refused(
    'token_type',
    'typ: the member is called TYP',
    'RFC 7515 §5.3: names are compared code point by code point, so typ is absent.',
    withHeader({ typ: undefined, TYP: 'JWT' }),
  ),
];

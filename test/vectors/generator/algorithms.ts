import {
  encode,
  goodClaims,
  goodHeader,
  goodToken,
  keyId,
  partsOf,
  sign,
  withClaims,
  withHeader,
} from './craft.ts';
import { longSecret, secret } from './setting.ts';
import { accepted, refused, type Vector } from './vector.ts';

const chosen = 'RFC 8725 §3.1: the verifier chooses the algorithm, here HS256 alone, never the token.';
const [header, claims, signature] = partsOf(goodToken);
const unsecured = encode({ ...goodHeader, alg: 'none' });

function other(alg: unknown, why: string): Vector {
  return refused('token_algorithm', `alg: ${JSON.stringify(alg)}`, why, withHeader({ alg }));
}

export const algorithms: Vector[] = [
  accepted('alg: HS256', 'RFC 7518 §3.2: HMAC with SHA-256, the one algorithm of the policy.', goodToken),
  accepted(
    'alg: a claim of that name',
    'RFC 7519 §4: an unknown claim is ignored; only the header names the algorithm.',
    withClaims({ alg: 'none' }),
  ),
  refused(
    'token_malformed',
    'alg: none with an empty signature',
    'RFC 7519 §6 calls this an unsecured JWT, RFC 8725 §3.2 forbids it here; the policy asks for three parts that are not empty.',
    `${unsecured}.${claims}.`,
  ),
  refused(
    'token_malformed',
    'alg: none without the second dot',
    'RFC 7515 §7.1: the compact form has two dots.',
    `${unsecured}.${claims}`,
  ),
  other('none', `${chosen} That the HMAC is right changes nothing.`),
  other('None', `${chosen} Spellings of none are how deny lists are passed.`),
  other('NONE', `${chosen} Spellings of none are how deny lists are passed.`),
  other('nOnE', `${chosen} Spellings of none are how deny lists are passed.`),
  refused(
    'token_algorithm',
    'alg: none with the signature of the good token',
    chosen,
    `${unsecured}.${claims}.${signature}`,
  ),
  other('hs256', 'RFC 7515 §4.1.1: alg is case-sensitive.'),
  other('Hs256', 'RFC 7515 §4.1.1: alg is case-sensitive.'),
  other('HS256 ', 'RFC 7515 §4.1.1: alg is compared as it stands.'),
  other(' HS256', 'RFC 7515 §4.1.1: alg is compared as it stands.'),
  other('HS256\u0000', 'RFC 7515 §4.1.1: alg is compared as it stands; a NUL ends nothing.'),
  other('ＨＳ256', 'RFC 7515 §5.3: strings are compared by code points, without any normalisation.'),
  ...['HS384', 'HS512'].map((alg) =>
    refused(
      'token_algorithm',
      `alg: ${alg}, rightly signed with the same secret`,
      chosen,
      sign({ ...goodHeader, alg }, goodClaims, secret, alg === 'HS384' ? 'sha384' : 'sha512'),
    ),
  ),
  ...['HS384', 'HS512'].map((alg) =>
    refused(
      'token_algorithm',
      `alg: ${alg}, rightly signed with a secret that is long enough for it`,
      chosen,
      sign(
        { ...goodHeader, alg, kid: keyId(longSecret) },
        goodClaims,
        longSecret,
        alg === 'HS384' ? 'sha384' : 'sha512',
      ),
      { secret: longSecret },
    ),
  ),
  ...['RS256', 'PS256', 'ES256', 'EdDSA', 'ML-DSA-44'].map((alg) =>
    other(alg, `${chosen} Taking the secret for a key of another kind is the confusion of RFC 8725 §2.1.`),
  ),
  ...['A256KW', 'dir', 'PBES2-HS256+A128KW'].map((alg) =>
    other(alg, `${chosen} This is an algorithm of encryption (RFC 7518 §4.1).`),
  ),
  refused(
    'token_algorithm',
    'alg: absent',
    'RFC 7515 §4.1.1: alg must be present.',
    withHeader({ alg: undefined }),
  ),
  refused(
    'token_algorithm',
    'alg: the member is called ALG',
    'RFC 7515 §5.3: names are compared code point by code point, so alg is absent.',
    withHeader({ alg: undefined, ALG: 'HS256' }),
  ),
  ...[null, '', 256, true, ['HS256'], { name: 'HS256' }].map((alg) =>
    other(alg, 'RFC 7515 §4.1.1: alg is a string that names an algorithm.'),
  ),
  ...[['exp'], ['b64'], ['http://example.com/UNDEFINED']].map((crit) =>
    refused(
      'token_algorithm',
      `crit: ${JSON.stringify(crit)}`,
      'RFC 7515 §4.1.11: an extension that is not understood and marked critical makes the JWS invalid; the policy knows none.',
      withHeader({ crit, [crit[0] as string]: true }),
    ),
  ),
  refused(
    'token_algorithm',
    'crit: b64 false',
    'RFC 7797 §7: JWTs do not use the unencoded payload; RFC 7515 §4.1.11: what is critical and not understood is refused.',
    withHeader({ crit: ['b64'], b64: false }),
  ),
  ...[[], null, 'exp', [1]].map((crit) =>
    refused(
      'token_algorithm',
      `crit: ${JSON.stringify(crit)}`,
      'RFC 7515 §4.1.11: crit is a list of names and never empty; the policy refuses any crit.',
      withHeader({ crit }),
    ),
  ),
  accepted(
    'header: a member that nobody knows',
    'RFC 7515 §4: header members that are not understood are ignored.',
    withHeader({ 'https://site.example/x': { y: [1, 'z', null] } }),
  ),
  accepted(
    'header: members in another order',
    'RFC 8259 §4: the order of members means nothing.',
    sign({ kid: goodHeader.kid, typ: 'JWT', alg: 'HS256' }, goodClaims),
  ),
  refused(
    'token_signature',
    'header: replaced after signing',
    'RFC 7515 §5.2: the signature covers the header.',
    `${encode({ ...goodHeader, x: 1 })}.${claims}.${signature}`,
  ),
  refused(
    'token_signature',
    'header: the same JSON spelled otherwise after signing',
    'RFC 7515 §5.2: the signature covers the encoded header, not its meaning.',
    `${encode(JSON.stringify(goodHeader).replace(',', ', '))}.${claims}.${signature}`,
  ),
  refused(
    'token_signature',
    'header: of the good token over claims that were replaced',
    'RFC 7515 §5.2: the signature covers the payload.',
    `${header}.${encode({ ...goodClaims, scope: 'admin' })}.${signature}`,
  ),
];

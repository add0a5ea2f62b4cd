import { goodClaims, goodHeader, goodToken, keyId, sign, withHeader } from './craft.ts';
import { adminSecret, secondSecret, secret } from './setting.ts';
import { accepted, refused, type Vector } from './vector.ts';

const known = 'Policy: kid names one of the keys that the verifier has; nothing else is tried.';
const text = 'RFC 7515 §4.1.4: kid is a case-sensitive string.';

function signedBy(key: string | Uint8Array, kid = keyId(key)): string {
  return sign({ ...goodHeader, kid }, goodClaims, key);
}

function otherKid(name: string, kid: unknown, why: string): Vector {
  return refused('token_key', `kid: ${name}`, why, withHeader({ kid }));
}

function swapCase(kid: string): string {
  return [...kid]
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join('');
}

const publicPem =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n';
const publicDer = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
const hexSecret = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const base64Secret = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
const cyrillic = 'ключ-из-кириллицы-Ж9ф3';
const composed = 'clé-très-privée-à-ne-pas-révéler-Zq7Rk2Wm9';
const longSecret =
  'Zq7Rk2Wm9Xc4Vb1Nn8Ls5Hd3Gf6Jt0PyTb3Yh8Uj1Ik6Ol9Pz2Mw5Qe7Ra4Sx0DcFg5Vc0Bn7Mk2Jh9Lp4Xs6Zd1Qw8Er3Ty';

const secretsAreText: Vector[] = [
  ['hexadecimal digits', hexSecret, Buffer.from(hexSecret, 'hex')] as const,
  ['base64', base64Secret, Buffer.from(base64Secret, 'base64')] as const,
].flatMap(([name, asText, decoded]) => [
  accepted(
    `secret: ${name}`,
    'Policy: a secret is used as its UTF-8 bytes, even where it looks like an encoding of something.',
    signedBy(asText),
    { secret: asText },
  ),
  refused(
    'token_signature',
    `secret: ${name}, decoded before signing`,
    'Policy: a secret is used as its UTF-8 bytes and never decoded.',
    signedBy(decoded, keyId(asText)),
    { secret: asText },
  ),
  refused(
    'token_key',
    `secret: ${name}, decoded before signing and naming`,
    'Policy: a secret is used as its UTF-8 bytes and never decoded.',
    signedBy(decoded),
    { secret: asText },
  ),
]);

const rotation: Vector[] = [
  accepted('rotation: by the primary key', 'Policy: both keys verify.', goodToken, {
    secondarySecret: secondSecret,
  }),
  accepted('rotation: by the secondary key', 'Policy: both keys verify.', signedBy(secondSecret), {
    secondarySecret: secondSecret,
  }),
  accepted('rotation: after the swap', 'Policy: both keys verify, whichever is the primary.', goodToken, {
    secret: secondSecret,
    secondarySecret: secret,
  }),
  refused('token_key', 'rotation: by the old key once it was removed', known, signedBy(secondSecret)),
  refused('token_key', 'rotation: by a third key', known, signedBy(adminSecret), {
    secondarySecret: secondSecret,
  }),
  refused(
    'token_signature',
    'rotation: kid of the primary key, signed by the secondary',
    `${known} RFC 8725 §3.3: the signature is checked with that key.`,
    signedBy(secondSecret, keyId(secret)),
    { secondarySecret: secondSecret },
  ),
  refused(
    'token_signature',
    'rotation: kid of the secondary key, signed by the primary',
    `${known} RFC 8725 §3.3: the signature is checked with that key.`,
    signedBy(secret, keyId(secondSecret)),
    { secondarySecret: secondSecret },
  ),
  refused(
    'token_key',
    'rotation: no kid, although one of two keys would fit',
    known,
    withHeader({ kid: undefined }),
    {
      secondarySecret: secondSecret,
    },
  ),
];

const confusion: Vector[] = [
  refused(
    'token_key',
    'confusion: signed by the key of another audience, under its name',
    'Policy: a key belongs to one audience. RFC 8725 §3.9.',
    signedBy(adminSecret),
  ),
  refused(
    'token_signature',
    'confusion: signed by the key of another audience, under ours',
    'RFC 8725 §3.3: the signature is checked with the key that the verifier has.',
    signedBy(adminSecret, keyId(secret)),
  ),
  refused(
    'token_audience',
    'confusion: the backend of another audience signs a token for this one, and a verifier of its own takes it',
    'Policy: a token whose aud is not the audience of its key is refused, although the key is right. RFC 7519 §4.1.3.',
    signedBy(adminSecret),
    { secret: adminSecret, audience: 'admin' },
  ),
  refused(
    'token_key',
    'confusion: signed by a public key as if it were a secret, under its name',
    known,
    signedBy(publicPem),
  ),
  refused(
    'token_signature',
    'confusion: signed by a public key as if it were a secret, under our kid',
    'RFC 8725 §2.1: what everybody can read is no key; only the shared secret verifies.',
    signedBy(publicPem, keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: signed with an empty key',
    'RFC 8725 §3.3.',
    signedBy('', keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: signed with the kid as the key',
    'RFC 8725 §3.3.',
    signedBy(keyId(secret), keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: signed with the secret and a line break',
    'Policy: a secret is used as its UTF-8 bytes, all of them and no others.',
    signedBy(`${secret}\n`, keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: signed with the secret in lower case',
    'RFC 8725 §3.3.',
    signedBy(secret.toLowerCase(), keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: the header brings a key of its own',
    'RFC 8725 §3.10: a key is never taken from the token that it shall verify.',
    sign(
      { ...goodHeader, jwk: { kty: 'oct', k: Buffer.from(adminSecret).toString('base64url') } },
      goodClaims,
      adminSecret,
    ),
  ),
];

const secrets: Vector[] = [
  accepted(
    'secret: 100 bytes',
    'RFC 2104 §2: a key longer than the block of 64 bytes is hashed first.',
    signedBy(longSecret),
    { secret: longSecret },
  ),
  accepted(
    'secret: letters of several bytes',
    'Policy: a secret is used as its UTF-8 bytes.',
    signedBy(cyrillic),
    {
      secret: cyrillic,
    },
  ),
  refused(
    'token_signature',
    'secret: another Unicode normal form',
    'Policy: a secret is used as its UTF-8 bytes, without normalisation.',
    signedBy(composed.normalize('NFD'), keyId(composed)),
    { secret: composed },
  ),
  accepted(
    'secret: the base64 of a public key',
    'Policy: a secret is 32 bytes or more of text; what it looks like means nothing.',
    signedBy(publicDer),
    { secret: publicDer },
  ),
];

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
  ...rotation,
  ...confusion,
  ...secrets,
  ...secretsAreText,
];

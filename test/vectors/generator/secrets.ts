import { keyId, signedBy } from './craft.ts';
import { longSecret } from './setting.ts';
import { accepted, refused, type Vector } from './vector.ts';

const publicDer = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
const hexSecret = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const base64Secret = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
const cyrillic = 'ключ-из-кириллицы-Ж9ф3';
const composed = 'clé-très-privée-à-ne-pas-révéler-Zq7Rk2Wm9';

const decoded: Vector[] = [
  ['hexadecimal digits', hexSecret, Buffer.from(hexSecret, 'hex')] as const,
  ['base64', base64Secret, Buffer.from(base64Secret, 'base64')] as const,
].flatMap(([name, asText, bytes]) => [
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
    signedBy(bytes, keyId(asText)),
    { secret: asText },
  ),
  refused(
    'token_key',
    `secret: ${name}, decoded before signing and naming`,
    'Policy: a secret is used as its UTF-8 bytes and never decoded.',
    signedBy(bytes),
    { secret: asText },
  ),
]);

export const secrets: Vector[] = [
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
  ...decoded,
];

import { goodClaims, goodHeader, keyId, sign, signedBy } from './craft.ts';
import { adminSecret, secret } from './setting.ts';
import { refused, type Vector } from './vector.ts';

const known = 'Policy: kid names one of the keys that the verifier has; nothing else is tried.';

const publicPem =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n';

export const confusion: Vector[] = [
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
    'RFC 8725 §3.3: the signature is checked with the key that the verifier has.',
    signedBy('', keyId(secret)),
  ),
  refused(
    'token_signature',
    'confusion: signed with the kid as the key',
    'RFC 8725 §3.3: the signature is checked with the key that the verifier has.',
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
    'RFC 8725 §3.3: the signature is checked with the key that the verifier has.',
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

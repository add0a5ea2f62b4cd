import { createHmac } from 'node:crypto';
import { goodClaims, goodHeader, goodToken, partsOf, sign, withClaims } from './craft.ts';
import { secret } from './setting.ts';
import { refused, type Vector } from './vector.ts';

const [header, claims, signature] = partsOf(goodToken);
const bytes = Buffer.from(signature, 'base64url');
const whole = 'RFC 7518 §3.2: the whole HMAC of 32 bytes is compared.';

function hmac(hash: string, input: string | Uint8Array): Buffer {
  return createHmac(hash, secret).update(input).digest();
}

function flipped(position: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] as number) ^ mask;
  return copy;
}

function signedWith(name: string, other: Uint8Array, why: string): Vector {
  const token = `${header}.${claims}.${Buffer.from(other).toString('base64url')}`;
  return refused('token_signature', `signature: ${name}`, why, token);
}

export const signatures: Vector[] = [
  signedWith('its first bit flipped', flipped(0, 0x80), whole),
  signedWith('its last bit flipped', flipped(31, 0x01), whole),
  signedWith('zeros', Buffer.alloc(32), whole),
  signedWith('its first byte alone', bytes.subarray(0, 1), `${whole} A truncated one (RFC 2104 §5) is none.`),
  signedWith('its first 16 bytes', bytes.subarray(0, 16), `${whole} A truncated one (RFC 2104 §5) is none.`),
  signedWith('its first 31 bytes', bytes.subarray(0, 31), `${whole} A truncated one (RFC 2104 §5) is none.`),
  signedWith('without its first byte', bytes.subarray(1), whole),
  signedWith('one byte more', Buffer.concat([bytes, Buffer.alloc(1)]), whole),
  signedWith('twice', Buffer.concat([bytes, bytes]), whole),
  signedWith('backwards', Buffer.from(bytes).reverse(), whole),
  signedWith('by SHA-512', hmac('sha512', `${header}.${claims}`), 'RFC 7518 §3.2: HS256 is SHA-256.'),
  signedWith(
    'by SHA-512, cut to 32 bytes',
    hmac('sha512', `${header}.${claims}`).subarray(0, 32),
    'RFC 7518 §3.2: HS256 is SHA-256.',
  ),
  signedWith(
    'by SHA-1, filled up',
    Buffer.concat([hmac('sha1', `${header}.${claims}`), Buffer.alloc(12)]),
    'RFC 7518 §3.2: HS256 is SHA-256.',
  ),
  signedWith(
    'in hexadecimal digits',
    Buffer.from(bytes.toString('hex')),
    'RFC 7515 §2: the bytes are encoded once.',
  ),
  signedWith('encoded twice', Buffer.from(signature), 'RFC 7515 §2: the bytes are encoded once.'),
  signedWith(
    'over the claims alone',
    hmac('sha256', claims),
    'RFC 7515 §5.2: header, dot and payload are signed.',
  ),
  signedWith(
    'over the header alone',
    hmac('sha256', header),
    'RFC 7515 §5.2: header, dot and payload are signed.',
  ),
  signedWith(
    'without the dot',
    hmac('sha256', header + claims),
    'RFC 7515 §5.2: header, dot and payload are signed.',
  ),
  signedWith(
    'over the decoded parts',
    hmac('sha256', `${Buffer.from(header, 'base64url')}.${Buffer.from(claims, 'base64url')}`),
    'RFC 7515 §5.2: the parts are signed as they are encoded.',
  ),
  signedWith(
    'of the same claims an hour earlier',
    Buffer.from(partsOf(withClaims({ iat: 1_799_996_400, exp: 1_799_996_700 }))[2], 'base64url'),
    'RFC 7515 §5.2: a signature belongs to one payload.',
  ),
  refused(
    'token_signature',
    'signature: by a secret of its own, under our kid',
    'RFC 8725 §3.3: the signature is checked with the key that the verifier has.',
    sign(goodHeader, goodClaims, 'Wd8Rf3Tg6Yh1Uj5Ik9Ol2Pa7Sx4Zc0Vb-attacker'),
  ),
];

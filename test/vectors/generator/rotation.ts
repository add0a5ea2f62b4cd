import { goodToken, keyId, signedBy, withHeader } from './craft.ts';
import { adminSecret, secondSecret, secret } from './setting.ts';
import { accepted, refused, type Vector } from './vector.ts';

const known = 'Policy: kid names one of the keys that the verifier has; nothing else is tried.';

export const rotation: Vector[] = [
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

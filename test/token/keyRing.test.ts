import { expect, test } from 'vitest';
import { createKeyRing, findKey } from '../../src/token/keys.ts';
import { otherSecret, secret } from '../support/tokens.ts';

test('a kid is the start of an HMAC by the secret itself', async () => {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const digest = new Uint8Array(
    await crypto.subtle.sign('HMAC', key, new TextEncoder().encode('daypass kid')),
  );
  const expected = btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 8);
  const ring = await createKeyRing({ audience: 'api', secret });
  expect(ring.primary.id).toBe(expected);
});

test('finds the primary and the secondary key, and no other', async () => {
  const ring = await createKeyRing({ audience: 'api', secret, secondarySecret: otherSecret });
  expect(findKey(ring, ring.primary.id)).toBe(ring.primary);
  expect(findKey(ring, ring.secondary?.id)).toBe(ring.secondary);
  expect(findKey(ring, 'AAAAAAAA')).toBeUndefined();
  const single = await createKeyRing({ audience: 'api', secret });
  expect(findKey(single, undefined)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { createCanaries, newCanary } from '../support/canaries.ts';
import { fc } from '../support/property.ts';

const secret = newCanary();
const canaries = createCanaries();
canaries.plant('the secret', secret);
const token = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(`{"sub":"${newCanary()}"}`).toString('base64url')}.${newCanary()}`;
canaries.plantToken('the token', token);
const [header = '', payload = '', signature = ''] = token.split('.');

test.each<[string, string]>([
  ['as it is', `cause: ${secret}.`],
  ['cut off at its end', `token ${secret.slice(0, 24)}…`],
  ['cut off at its beginning', `…${secret.slice(-32)}`],
  ['percent-encoded', `?secret=${encodeURIComponent(secret)}&x`],
  ['percent-encoded byte by byte', [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join('')],
  ['in hexadecimal', Buffer.from(secret).toString('hex')],
  ['in JSON within JSON', JSON.stringify(JSON.stringify({ secret }))],
  ['broken into lines', secret.replace(/.{20}/g, '$&\n')],
  ['in a Basic credential', btoa(`api:${secret}`)],
  ['in a JWT of another', `x.${Buffer.from(JSON.stringify({ a: 1, secret })).toString('base64url')}.y`],
  ['backwards', [...secret].reverse().join('')],
])('a secret is found %s', (_, text) => {
  expect(canaries.findIn(text)).toEqual(['the secret']);
});

test('a secret is found in base64 wherever it stands', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.boolean(), (before, after, isUrl) => {
      const text = Buffer.from(before + secret + after).toString(isUrl ? 'base64url' : 'base64');
      expect(canaries.findIn(text)).toEqual(['the secret']);
    }),
  );
});

test('a JWT is found by its signature, by its payload, and not by the header that all have', () => {
  expect(canaries.findIn(`Bearer ${token}`)).toEqual(['the token', 'the token, its payload']);
  expect(canaries.findIn(`signature ${signature}`)).toEqual(['the token']);
  expect(canaries.findIn(`payload ${payload}`)).toEqual(['the token, its payload']);
  expect(canaries.findIn(header)).toEqual([]);
});

test('what is none is not found', () => {
  expect(canaries.findIn(`${newCanary()} ${secret.slice(0, 11)} ${secret.slice(12, 23)}`)).toEqual([]);
});

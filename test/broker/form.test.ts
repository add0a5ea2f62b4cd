import { expect, test } from 'vitest';
import { readForm } from '../../src/broker/request.ts';
import { createRequestBodies } from '../../src/limits/requestBodies.ts';
import { createManualClock, createUpload, patientBodies } from '../support/bodies.ts';
import { codeOf } from '../support/rejection.ts';

const formType = 'application/x-www-form-urlencoded';
const post = (body: BodyInit, contentType: string | null = formType) =>
  new Request('https://site.example/session/token', {
    method: 'POST',
    body,
    headers: contentType === null ? {} : { 'content-type': contentType },
  });

test('reads a form, and takes a parameter without a value for left out', async () => {
  const form = await readForm(post('a=1&b=&c=x+y%2Bz&d=%D1%8F'), patientBodies);
  expect([...form]).toEqual([
    ['a', '1'],
    ['c', 'x y+z'],
    ['d', 'я'],
  ]);
});

test.each([`${formType};charset=UTF-8`, `${formType}; charset="utf-8"`, formType.toUpperCase()])(
  'takes %s',
  async (contentType) => {
    expect((await readForm(post('a=1', contentType), patientBodies)).get('a')).toBe('1');
  },
);

test.each([
  ['the same parameter twice', post('a=1&a=2'), 'repeated_parameter'],
  ['the same parameter twice, empty', post('a=&a='), 'repeated_parameter'],
  ['JSON', post('{"a":1}', 'application/json'), 'unsupported_content_type'],
  ['no content type', post(new Uint8Array([97]), null), 'unsupported_content_type'],
  ['Latin-1', post('a=1', `${formType};charset=iso-8859-1`), 'unsupported_content_type'],
  ['bytes that are not UTF-8', post(new Uint8Array([97, 61, 0xff])), 'malformed_request'],
  ['encoded bytes that are not UTF-8', post('a=%ff'), 'malformed_request'],
  ['8193 bytes', post('x'.repeat(8193)), 'body_too_large'],
  ['1 MB', post('x'.repeat(1_000_000)), 'body_too_large'],
])('refuses %s', async (_, request, code) => {
  expect(await codeOf(() => readForm(request, patientBodies))).toBe(code);
});

test('takes 8192 bytes', async () => {
  const form = await readForm(post(`a=${'x'.repeat(8190)}`), patientBodies);
  expect(form.get('a')).toHaveLength(8190);
});

test('a caller who stalls is refused in time, and its bytes are let go', async () => {
  const clock = createManualClock();
  const bodies = createRequestBodies({ bufferBytes: 2 ** 20, idleSeconds: 5, timeoutSeconds: 10, clock });
  const { request, send, seen } = createUpload({ 'content-type': 'application/x-www-form-urlencoded' });
  const code = codeOf(() => readForm(request, bodies));
  send(8000);
  await clock.advance(4_999);
  expect(bodies.heldBytes).toBeGreaterThan(0);
  await clock.advance(1);
  expect(await code).toBe('request_timeout');
  expect(bodies.heldBytes).toBe(0);
  expect(seen.cancelled).toBe(true);
});

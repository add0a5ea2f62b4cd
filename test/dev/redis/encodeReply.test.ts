import { expect, test } from 'vitest';
import { encodeReply } from '../../../dev/redis/start.ts';

// What else replies become is held against a real Redis: test/contract/redisWire.test.ts.

test('an error inside a list is its words', () => {
  expect(encodeReply([new Error('ERR inside')], false)).toEqual(['ERR inside']);
  expect(encodeReply([new Error('ERR inside')], true)).toEqual(['RVJSIGluc2lkZQ==']);
});

test('bytes that are no UTF-8 become U+FFFD, unless base64 was asked for', () => {
  const bytes = Buffer.from([0xff, 0x00]);
  expect([encodeReply(bytes, false), encodeReply(bytes, true)]).toEqual(['\ufffd\u0000', '/wA=']);
});

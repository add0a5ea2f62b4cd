import { expect, test } from 'vitest';
import { encodeReply } from '../../../dev/redis/start.ts';

test.each([
  [null, null, null],
  [42, 42, 42],
  ['OK', 'OK', 'OK'],
  [Buffer.from('OK'), 'OK', 'OK'],
  ['', '', ''],
  [Buffer.from('é'), 'é', 'w6k='],
  [Buffer.from([0xff, 0x00]), '\ufffd\u0000', '/wA='],
  [
    ['OK', [1, null, 'a']],
    ['OK', [1, null, 'a']],
    ['T0s=', [1, null, 'YQ==']],
  ],
  [[new Error('ERR inside')], ['ERR inside'], ['RVJSIGluc2lkZQ==']],
])('%j is %j, and in base64 %j', (reply, plain, base64) => {
  expect(encodeReply(reply, false)).toEqual(plain);
  expect(encodeReply(reply, true)).toEqual(base64);
});

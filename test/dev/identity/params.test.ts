import { expect, test } from 'vitest';
import { readParams } from '../../../dev/identity/request.ts';

const fields = { email: 'string', password: 'string', confirm: 'bool', data: 'map' } as const;
const read = (text: string) => readParams(text, 'SignupParams', fields);

test('fills in what a body leaves out, and what is null', () => {
  expect(read('{"email": null}')).toEqual({ email: '', password: '', confirm: false, data: null });
  expect(read('null')).toEqual({ email: '', password: '', confirm: false, data: null });
});

test.each(['EMAIL', 'eMail', 'Email'])('%s is an email', (key) => {
  expect(read(JSON.stringify({ [key]: 'a@b' })).email).toBe('a@b');
});

test('folds keys as Unicode does: the long s', () => {
  expect(read('{"pa\u017f\u017fword": "x"}').password).toBe('x');
});

test('the later of two keys wins', () => {
  expect(read('{"email": "first", "EMAIL": "second"}').email).toBe('second');
});

test.each([
  ['', 'EOF'],
  ['  ', 'EOF'],
  ['{', 'unexpected EOF'],
  ['{"email": "a', 'unexpected EOF'],
  ['{"email": "a"', 'unexpected EOF'],
  ['nope', "invalid character 'o'"],
  ['{x', "invalid character 'x'"],
  ['[]', 'json: cannot unmarshal array into Go value of type api.SignupParams'],
  ['"text"', 'json: cannot unmarshal string into Go value of type api.SignupParams'],
  ['{"email": 1}', 'json: cannot unmarshal number into Go struct field SignupParams.email of type string'],
  [
    '{"data": []}',
    'json: cannot unmarshal array into Go struct field SignupParams.data of type map[string]interface {}',
  ],
  [
    '{"confirm": "yes"}',
    'json: cannot unmarshal string into Go struct field SignupParams.confirm of type bool',
  ],
])('%j is refused in the words of Go', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

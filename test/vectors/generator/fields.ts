import type { ErrorCode } from '../../../src/protocol/codes.ts';
import { goodToken } from './craft.ts';

/** The header fields of one request, and which token a verifier reads from them. */
export interface FieldVector {
  /** Unique; the class of the case stands before the colon. */
  name: string;
  /** What must be true, and who says so: an RFC with its section, or the policy. */
  why: string;
  /** Values by name, in lower case; several fields of one name are joined by a comma (RFC 9110 §5.3). */
  fields: { authorization?: string; 'x-daypass'?: string };
  /** The token; null when the request is refused. */
  token: string | null;
  code: FieldCode | null;
}

type FieldCode = Extract<ErrorCode, 'token_missing' | 'token_malformed' | 'token_repeated'>;

const token = goodToken;
const basic = 'Basic dmlzaXRvcjpwYXNzd29yZA==';

const usual = 'RFC 6750 §2.1: Authorization: Bearer, then the token.';
const scheme = 'RFC 9110 §11.1: a scheme is read without regard to case.';
const other = 'Policy: another scheme is not for Daypass. A site with a password takes Basic.';
const bare = 'Policy: X-Daypass holds the token alone, for sites whose Authorization is taken by a password.';
const once = 'RFC 6750 §2: a client sends its token in one way only.';
const oneToken = 'RFC 9110 §5.3: fields of one name are joined by a comma, which no token holds.';

function read(name: string, why: string, fields: FieldVector['fields']): FieldVector {
  return { name: `fields: ${name}`, why, fields, token, code: null };
}

function refused(code: FieldCode, name: string, why: string, fields: FieldVector['fields']): FieldVector {
  return { name: `fields: ${name}`, why, fields, token: null, code };
}

export const fields: readonly FieldVector[] = [
  read('Authorization: Bearer', usual, { authorization: `Bearer ${token}` }),
  read('the scheme in lower case', scheme, { authorization: `bearer ${token}` }),
  read('two spaces behind the scheme', usual, { authorization: `Bearer  ${token}` }),
  read('X-Daypass', bare, { 'x-daypass': token }),
  read('X-Daypass beside a password', other, { authorization: basic, 'x-daypass': token }),
  read('X-Daypass beside an empty Authorization', other, { authorization: '', 'x-daypass': token }),
  read('X-Daypass beside a scheme that begins like Bearer', other, {
    authorization: `Bearers ${token}`,
    'x-daypass': token,
  }),
  refused('token_missing', 'none at all', usual, {}),
  refused('token_missing', 'a password alone', other, { authorization: basic }),
  refused('token_missing', 'an empty Authorization', usual, { authorization: '' }),
  refused('token_missing', 'the token without its scheme', usual, { authorization: token }),
  refused('token_malformed', 'the scheme alone', usual, { authorization: 'Bearer' }),
  refused('token_malformed', 'something behind the token', usual, { authorization: `Bearer ${token} x` }),
  refused('token_malformed', 'two tokens', oneToken, { authorization: `Bearer ${token}, Bearer ${token}` }),
  refused('token_malformed', 'an empty X-Daypass', bare, { 'x-daypass': '' }),
  refused('token_malformed', 'an empty X-Daypass beside a password', bare, {
    authorization: basic,
    'x-daypass': '',
  }),
  refused('token_malformed', 'X-Daypass with a scheme', bare, { 'x-daypass': `Bearer ${token}` }),
  refused('token_malformed', 'two in X-Daypass', oneToken, { 'x-daypass': `${token}, ${token}` }),
  refused('token_malformed', 'a quoted X-Daypass', bare, { 'x-daypass': `"${token}"` }),
  refused('token_repeated', 'both', once, { authorization: `Bearer ${token}`, 'x-daypass': token }),
  refused('token_repeated', 'both, of different tokens', once, {
    authorization: 'Bearer of.another.issuer',
    'x-daypass': token,
  }),
  refused('token_repeated', 'both, the scheme in lower case', once, {
    authorization: `bearer ${token}`,
    'x-daypass': token,
  }),
  refused('token_repeated', 'the scheme alone beside X-Daypass', once, {
    authorization: 'Bearer',
    'x-daypass': token,
  }),
  refused('token_repeated', 'Bearer beside an empty X-Daypass', once, {
    authorization: `Bearer ${token}`,
    'x-daypass': '',
  }),
];

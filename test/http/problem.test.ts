import { describe, expect, test } from 'vitest';
import { problemResponse, toDaypassError, tokenErrorResponse } from '../../src/http/problem.ts';
import { codeRow, codes, type ErrorCode, errorPage } from '../../src/protocol/codes.ts';
import { DaypassError } from '../../src/protocol/error.ts';

const all = Object.keys(codes) as ErrorCode[];

/** RFC 9110 §11.2: quoted-string without escapes. */
const challengeForm = /^Bearer realm="daypass"(, [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*")*$/;

describe.each(all)('%s', (code) => {
  test('as a problem (RFC 9457)', async () => {
    const response = problemResponse(new DaypassError(code));
    const { status, headers } = response;
    expect(status).toBe(codeRow(code).status);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('cache-control')).toBe('no-store');
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toMatchObject({ type: errorPage(code), status, code });
    expect(body.title).not.toBe('Error');
    // RFC 9110 §15.5.2: a 401 without a challenge is none; that of introspection comes with its error.
    if (status === 401 && code !== 'invalid_client') {
      expect(headers.get('www-authenticate')).toMatch(challengeForm);
    }
  });

  test('as an error of the token endpoint (RFC 6749 §5.2)', async () => {
    const response = tokenErrorResponse(new DaypassError(code), 'form');
    const body = (await response.json()) as Record<string, string>;
    // No token came as Bearer, so nothing asks for one (RFC 6749 §5.2).
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(Object.keys(body)).toEqual(['error', 'error_description', 'error_uri', 'code']);
    expect([body.code, body.error_uri]).toEqual([code, errorPage(code)]);
    expect(body.error).toMatch(/^[a-z_]+$/);
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    if (codeRow(code).tokenFault) expect([response.status, body.error]).toEqual([400, 'invalid_request']);
  });
});

test('a token fault in the short form is 401 with a challenge', async () => {
  const response = tokenErrorResponse(new DaypassError('subject_token_expired'), 'bearer');
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer realm="daypass", error="invalid_token", error_description="The Identity token has expired; log in again."',
  );
  expect(await response.json()).toMatchObject({ error: 'invalid_token', code: 'subject_token_expired' });
});

test('Retry-After is in whole seconds, rounded up', () => {
  const error = new DaypassError('rate_limited', {
    retryAfterSeconds: 1.2,
    headers: { ratelimit: '"x";r=0;t=2' },
  });
  const { headers } = problemResponse(error);
  expect(headers.get('retry-after')).toBe('2');
  expect(headers.get('ratelimit')).toBe('"x";r=0;t=2');
});

describe('what was thrown', () => {
  test('ours stays what it is, and its cause is logged', () => {
    const logged: unknown[] = [];
    const error = new DaypassError('store_unavailable', { cause: new Error('outer', { cause: 'inner' }) });
    expect(toDaypassError(error, (...line) => logged.push(line))).toBe(error);
    expect(logged).toEqual([['refused', { code: 'store_unavailable', cause: 'Error: outer (inner)' }]]);
  });

  test.each([
    [
      'a token that is no field',
      () => fetch('http://127.0.0.1:1', { headers: { authorization: 'Bearer a\nsecret' } }),
    ],
    ['a password in a URL', () => fetch('http://user:secret@127.0.0.1:1')],
  ])('%s: the log does not repeat it', async (_, call) => {
    const cause = await Promise.resolve()
      .then(call)
      .catch((error) => error);
    expect(String(cause)).toContain('TypeError');
    const logged: string[] = [];
    const log = (event: string, fields?: object) => logged.push(JSON.stringify([event, fields]));
    toDaypassError(new DaypassError('store_unavailable', { cause }), log);
    expect(logged[0]).toContain('TypeError');
    expect(logged[0]).not.toContain('secret');
  });

  test.each([[new TypeError('inner workings')], ['inner workings'], [undefined], [null]])(
    '%s becomes internal_error, which reveals nothing',
    async (thrown) => {
      const logged: string[] = [];
      const error = toDaypassError(thrown, (event, fields) => logged.push(JSON.stringify([event, fields])));
      expect(error.code).toBe('internal_error');
      const response = problemResponse(error);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('inner workings');
      expect(logged).toHaveLength(1);
      expect(logged[0]).toMatch(/^\["internal_error"/);
    },
  );
});

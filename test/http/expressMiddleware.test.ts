import { expect, test } from 'vitest';
import { type ExpressRequest, requireAccessToken } from '../../src/package/express.ts';
import { goodClaims, goodHeader, issuer, now, secret, sign, subject } from '../support/tokens.ts';

const options = { secret, issuer, now: () => now * 1000, warn: () => undefined, debug: false };
/** What no call here comes to. */
const unused = { removeHeader: () => undefined, writeHead: () => undefined };
const token = await sign(goodHeader, goodClaims);

/** A call as Express makes it, and what became of it. */
async function call(
  request: Partial<ExpressRequest>,
  more: object = {},
  next: () => void = () => undefined,
  fields: Record<string, string> = {},
) {
  const passed: unknown[][] = [];
  let body: string | undefined;
  const response = {
    ...unused,
    statusCode: 200,
    hasHeader: (name: string) => name in fields,
    getHeader: (name: string) => fields[name],
    setHeader: (name: string, value: string) => {
      fields[name] = value;
    },
    end: (text: string) => {
      body = text;
    },
  };
  const whole: ExpressRequest = { headers: {}, ...request };
  await requireAccessToken({ ...options, ...more })(whole, response, (...args) => {
    passed.push(args);
    next();
  });
  return { passed, status: response.statusCode, fields, body, daypass: whole.daypass };
}

test('lets the caller through, once, with what the token says', async () => {
  const { passed, body, daypass } = await call({ headers: { authorization: `Bearer ${token}` } });
  expect(passed).toEqual([[]]);
  expect(body).toBeUndefined();
  expect(daypass).toMatchObject({ subject, issuer, audience: 'api' });
});

test('reads X-Daypass next to a password', async () => {
  const headers = { authorization: 'Basic dXNlcjpwYXNz', 'x-daypass': token };
  expect((await call({ headers })).daypass?.subject).toBe(subject);
});

test.each([
  [{ 'x-request-id': 'r1' }, {}, 'r1'],
  [{ 'x-request-id': 'r1' }, { 'x-request-id': 'made before' }, 'made before'],
  [{ 'x-request-id': 'two, joined' }, {}, expect.stringMatching(/^[0-9a-f-]{36}$/)],
  [{}, {}, expect.stringMatching(/^[0-9a-f-]{36}$/)],
])('names the request %o in answers and refusals %o', async (sent, before, id) => {
  for (const headers of [sent, { ...sent, authorization: `Bearer ${token}` }]) {
    const { fields } = await call({ headers }, {}, undefined, { ...before });
    expect(fields['x-request-id']).toEqual(id);
  }
});

test('answers a refusal itself, and calls no handler behind it', async () => {
  const { passed, status, fields, body } = await call({});
  expect(passed).toEqual([]);
  expect(status).toBe(401);
  expect(fields).toMatchObject({
    'www-authenticate': 'Bearer realm="daypass"',
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
  expect(JSON.parse(body ?? '')).toMatchObject({ code: 'token_missing', status: 401 });
});

test.each([
  [{ headers: { authorization: `Bearer ${token}x` } }, 401, 'token_signature'],
  [{ headers: { authorization: `Bearer ${token}`, 'x-daypass': token } }, 400, 'token_repeated'],
  // Node keeps the first of two in `headers`.
  [
    {
      headers: { authorization: `Bearer ${token}` },
      headersDistinct: { authorization: [`Bearer ${token}`, `Bearer ${token}`] },
    },
    401,
    'token_malformed',
  ],
])('refuses %o', async (request, status, code) => {
  const answer = await call(request);
  expect([answer.status, JSON.parse(answer.body ?? '').code]).toEqual([status, code]);
  expect(answer.passed).toEqual([]);
  expect(answer.daypass).toBeUndefined();
});

test('a scope that is missing is 403', async () => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await call({ headers }, { scope: 'write' });
  expect([answer.status, answer.fields['www-authenticate']]).toEqual([
    403,
    expect.stringContaining('error="insufficient_scope"'),
  ]);
});

test('what is no refusal goes to next', async () => {
  const fault = new Error('no clock');
  const now = () => {
    throw fault;
  };
  const { passed, body } = await call({ headers: { authorization: `Bearer ${token}` } }, { now });
  expect(passed).toEqual([[fault]]);
  expect(body).toBeUndefined();
});

test('what a handler behind throws is no refusal, and next is not called again', async () => {
  const fault = new Error('of the app');
  let calls = 0;
  const call_ = call({ headers: { authorization: `Bearer ${token}` } }, {}, () => {
    calls += 1;
    throw fault;
  });
  await expect(call_).rejects.toBe(fault);
  expect(calls).toBe(1);
});

test.each(['a token', 'none'])(
  'with %s, an answer that was sent before goes to next as an error',
  async (what) => {
    const sent = Object.assign(new Error('Cannot set headers after they are sent'), {
      code: 'ERR_HTTP_HEADERS_SENT',
    });
    const fault = () => {
      throw sent;
    };
    const response = {
      ...unused,
      statusCode: 200,
      hasHeader: () => false,
      getHeader: () => undefined,
      setHeader: fault,
      end: fault,
    };
    const headers = what === 'none' ? {} : { authorization: `Bearer ${token}` };
    const passed: unknown[][] = [];
    await requireAccessToken(options)({ headers }, response, (...args) => {
      passed.push(args);
    });
    expect(passed).toEqual([[sent]]);
  },
);

test('a refusal that cannot be sent goes to next as well', async () => {
  const broken = new Error('socket');
  const passed: unknown[][] = [];
  const response = {
    ...unused,
    statusCode: 200,
    hasHeader: () => true,
    getHeader: () => undefined,
    setHeader: () => undefined,
    end: () => {
      throw broken;
    },
  };
  await requireAccessToken(options)({ headers: {} }, response, (...args) => {
    passed.push(args);
  });
  expect(passed).toEqual([[broken]]);
});

test.each([
  [{}, 'Authorization, X-Daypass'],
  [{ vary: 'Origin' }, 'Origin, Authorization, X-Daypass'],
  [{ vary: 'origin, authorization' }, 'origin, authorization, X-Daypass'],
  [{ vary: 'Authorization, X-Daypass' }, 'Authorization, X-Daypass'],
])('answers and refusals are one caller’s: %o becomes %s', async (before, vary) => {
  for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
    const { fields } = await call({ headers }, {}, undefined, { ...before });
    expect(fields.vary ?? fields.Vary).toBe(vary);
  }
});

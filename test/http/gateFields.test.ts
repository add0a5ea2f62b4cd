import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { issuer } from '../support/tokens.ts';

// Which fields of a call reach the upstream, and what the gate does to addresses and to parts of files.

const text = Buffer.from('a line that is worth compressing\n'.repeat(200));
const packed = gzipSync(text);
const { host } = new URL(issuer);

let stack: GateStack;
/** With all that a policy may say of fields, behind a path of a backend. */
let custom: GateStack;
beforeAll(async () => {
  stack = await startGateStack();
  custom = await startGateStack({
    policy: {
      origins: ['https://partner.example'],
      upstream: { requestHeaders: ['X-API-Version', 'Range'], clientAddress: true },
    },
  });
});
afterEach(() => {
  stack.upstreamAnswers();
  custom.upstreamAnswers();
});
afterAll(() => Promise.all([stack.close(), custom.close()]));

async function fieldsAtUpstream(gate: GateStack, headers: Record<string, string>, address?: string | null) {
  await gate.call('/api/x', { headers, ...(address !== undefined && { address }) });
  return gate.received.at(-1)?.headers ?? {};
}

describe('fields of a page', () => {
  test.each([
    ['HX-Request', 'true'],
    ['HX-Current-URL', 'https://site.example/list'],
    ['X-CSRFToken', 'abc'],
    ['X-API-Version', '2'],
    ['Depth', '1'],
    ['Cache-Control', 'no-cache'],
    ['Origin', issuer],
    ['Referer', `${issuer}/page`],
    ['Sec-Fetch-Site', 'same-origin'],
    ['Accept', 'text/event-stream'],
    ['Prefer', 'return=minimal'],
    ['X-Anything', 'one, two'],
  ])('%s goes on', async (name, value) => {
    expect(await fieldsAtUpstream(stack, { [name]: value })).toHaveProperty(name.toLowerCase(), value);
  });

  test.each([
    'Cookie',
    'X-Forwarded-For',
    'x_real_ip',
    'X-Original-URL',
    'X-User-Id',
    'Destination',
    'CDN-Loop',
  ])('%s does not', async (name) => {
    const fields = await fieldsAtUpstream(stack, { [name]: 'forged' });
    expect(JSON.stringify(fields)).not.toContain('forged');
  });

  test('a conditional request asks no cache to stand back', async () => {
    const fields = await fieldsAtUpstream(stack, { 'if-none-match': '"1"' });
    expect(fields['if-none-match']).toBe('"1"');
    expect(fields).not.toHaveProperty('cache-control');
    expect(fields).not.toHaveProperty('pragma');
  });

  test('a policy narrows them to its own', async () => {
    const fields = await fieldsAtUpstream(custom, {
      'x-api-version': '2',
      'x-csrftoken': 'abc',
      'content-type': 'text/plain',
    });
    expect(fields).toMatchObject({ 'x-api-version': '2', 'content-type': 'text/plain' });
    expect(fields.authorization).toMatch(/^Bearer /);
    expect(fields).not.toHaveProperty('x-csrftoken');
  });

  test('other origins learn which of their fields are passed on', async () => {
    const preflight = await custom.request('/api/x', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://partner.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization, x-api-version,x-csrftoken, x-real-ip',
      },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization, x-api-version');
  });
});

describe('where the site is', () => {
  test('the upstream learns it from the gate, whatever the caller says', async () => {
    const fields = await fieldsAtUpstream(stack, {
      host: 'evil.example',
      forwarded: 'host=evil.example;proto=http',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/evil',
      x_forwarded_host: 'evil.example',
    });
    expect(fields).toMatchObject({
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/',
    });
    expect(JSON.stringify(fields)).not.toContain('evil');
  });

  test('the caller’s address is not passed on, unless the policy says so', async () => {
    const forged = { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '198.51.100.1' };
    expect(await fieldsAtUpstream(stack, forged, '203.0.113.7')).not.toHaveProperty('x-forwarded-for');
    const cases = [
      ['203.0.113.7', '203.0.113.7'],
      ['::ffff:203.0.113.7', '203.0.113.7'],
      ['2001:DB8::1', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1'],
    ] as const;
    for (const [address, told] of cases) {
      const fields = await fieldsAtUpstream(custom, forged, address);
      expect(fields['x-forwarded-for']).toBe(told);
      expect(fields).not.toHaveProperty('x-real-ip');
    }
    expect(await fieldsAtUpstream(custom, forged, null)).not.toHaveProperty('x-forwarded-for');
  });

  test('an address at the upstream becomes one at the site', async () => {
    stack.upstreamAnswers((response, { headers }) => {
      const location = `http://${headers.host}/api/items/?page=2#top`;
      response.writeHead(307, { location, 'content-location': location }).end();
    });
    const { headers } = await stack.call('/api/items');
    expect(headers.get('location')).toBe(`${issuer}/api/items/?page=2#top`);
    expect(headers.get('content-location')).toBe(`${issuer}/api/items/?page=2#top`);
  });

  test('one elsewhere stays', async () => {
    stack.upstreamAnswers((response) =>
      response.writeHead(302, { location: 'https://login.example/?next=http://127.0.0.1/' }).end(),
    );
    const { headers } = await stack.call('/api/items');
    expect(headers.get('location')).toBe('https://login.example/?next=http://127.0.0.1/');
  });
});

describe('a part of a file', () => {
  /** As a server that has the file compressed alone: its bytes are what a range counts. */
  function serveRange(of: GateStack, file: Buffer, fields: Record<string, string>) {
    of.upstreamAnswers((response, { headers, method }) => {
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
      if (first === undefined || (headers['if-range'] && headers['if-range'] !== '"v1"')) {
        response.writeHead(200, { ...fields, 'content-length': file.length });
        return response.end(method === 'HEAD' ? undefined : file);
      }
      const from = Number(first);
      if (from >= file.length) {
        return response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      }
      const to = last ? Number(last) : file.length - 1;
      const part = file.subarray(from, to + 1);
      response.writeHead(206, {
        ...fields,
        'content-length': part.length,
        'content-range': `bytes ${from}-${to}/${file.length}`,
      });
      response.end(part);
    });
  }

  const etag = '"v1"';

  test.each([
    ['from the middle', 'bytes=20-59'],
    ['from the beginning', 'bytes=0-39'],
    ['to the end', 'bytes=20-'],
    ['the whole', `bytes=0-${packed.length - 1}`],
  ])('of compressed bytes, %s, is not decoded', async (_, range) => {
    serveRange(stack, packed, { 'content-encoding': 'gzip', etag });
    const response = await stack.call('/api/file', { headers: { range } });
    expect(stack.received.at(-1)?.headers['accept-encoding']).toBe('identity');
    expect(response.status).toBe(206);
    const [, first = '', last = ''] = /=(\d+)-(\d*)/.exec(range) ?? [];
    const part = packed.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
    expect(Buffer.from(await response.arrayBuffer()).equals(part)).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(part.length),
      'content-range': `bytes ${first}-${last === '' ? packed.length - 1 : last}/${packed.length}`,
      etag,
    });
  });

  test('several parts arrive as they were sent', async () => {
    const body =
      '--b\r\nContent-Range: bytes 0-0/9\r\n\r\na\r\n--b\r\nContent-Range: bytes 8-8/9\r\n\r\nz\r\n--b--\r\n';
    const type = 'multipart/byteranges; boundary=b';
    stack.upstreamAnswers((response) => {
      response.writeHead(206, { 'content-type': type, 'content-encoding': 'br' }).end(body);
    });
    const response = await stack.call('/api/file', { headers: { range: 'bytes=0-0,8-8' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([206, type]);
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(await response.text()).toBe(body);
  });

  test('a download that broke off goes on where it ended', async () => {
    // As WhiteNoise: the compressed file for those who take it, the same validator for both.
    stack.upstreamAnswers((response, { headers }) => {
      const takesGzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
      const file = takesGzip ? packed : text;
      const [, first] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
      const part = file.subarray(Number(first ?? 0));
      response.writeHead(first === undefined ? 200 : 206, {
        etag,
        'content-length': part.length,
        ...(takesGzip && { 'content-encoding': 'gzip' }),
        ...(first !== undefined && { 'content-range': `bytes ${first}-${file.length - 1}/${file.length}` }),
      });
      response.end(part);
    });
    const begun = await stack.call('/api/file', { headers: { 'accept-encoding': 'gzip, br' } });
    const start = Buffer.from(await begun.arrayBuffer()).subarray(0, 1000);
    const headers = { range: 'bytes=1000-', 'if-range': begun.headers.get('etag') ?? '' };
    const rest = await stack.call('/api/file', { headers });
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe(`bytes 1000-${text.length - 1}/${text.length}`);
    expect(Buffer.concat([start, Buffer.from(await rest.arrayBuffer())]).equals(text)).toBe(true);
  });

  test('If-Range that no longer holds brings the whole, and fields that are true of it', async () => {
    serveRange(stack, packed, { 'content-encoding': 'gzip', etag });
    const headers = { range: 'bytes=20-', 'if-range': '"v0"' };
    const response = await stack.call('/api/file', { headers });
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const isPacked = response.headers.get('content-encoding') === 'gzip';
    expect(bytes.equals(isPacked ? packed : text)).toBe(true);
    if (isPacked) expect(response.headers.get('content-length')).toBe(String(packed.length));
  });

  test('behind the end there is none', async () => {
    serveRange(stack, packed, {});
    const response = await stack.call('/api/file', { headers: { range: 'bytes=99999-' } });
    expect([response.status, response.headers.get('content-range')]).toEqual([
      416,
      `bytes */${packed.length}`,
    ]);
  });

  test('is the caller’s to break off', async () => {
    let isGone = false;
    stack.upstreamAnswers((response, _received, request) => {
      request.socket.once('close', () => (isGone = true));
      response.writeHead(206, { 'content-range': 'bytes 0-99/100', 'content-length': 100 }).write('a');
    });
    const { body } = await stack.call('/api/file', { headers: { range: 'bytes=0-' } });
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => isGone).toBe(true);
  });

  test('of an upstream that breaks the connection is 502', async () => {
    stack.upstreamAnswers((_response, _received, request) => request.socket.resetAndDestroy());
    expect((await stack.call('/api/file', { headers: { range: 'bytes=0-' } })).status).toBe(502);
  });

  test.each([
    ['gzip, br', 'gzip', packed.length],
    [undefined, null, text.length],
  ])('HEAD with Accept-Encoding %s says what the upstream says to it', async (accepted, coding, length) => {
    stack.upstreamAnswers((response, { headers }) => {
      const takesGzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
      response.writeHead(200, {
        etag,
        'accept-ranges': 'bytes',
        'content-length': takesGzip ? packed.length : text.length,
        ...(takesGzip && { 'content-encoding': 'gzip' }),
      });
      response.end();
    });
    const headers: Record<string, string> = accepted ? { 'accept-encoding': accepted } : {};
    const head = await stack.call('/api/file', { method: 'HEAD', headers });
    expect(head.headers.get('content-encoding')).toBe(coding);
    expect(head.headers.get('content-length')).toBe(String(length));
    expect(head.headers.get('etag')).toBe(etag);
  });

  test('that the policy keeps from the upstream is none: the whole arrives, decoded', async () => {
    const narrow = await startGateStack({ policy: { upstream: { requestHeaders: [] } } });
    narrow.upstreamAnswers((response, { headers }) => {
      expect(headers).not.toHaveProperty('range');
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
    });
    try {
      const response = await narrow.call('/api/file', { headers: { range: 'bytes=5-24' } });
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(await response.text()).toBe(text.toString());
    } finally {
      await narrow.close();
    }
  });

  test('304 keeps its validators and what it says of the file', async () => {
    const fields = { etag, 'content-encoding': 'gzip', 'last-modified': 'Sat, 21 Nov 2026 00:00:00 GMT' };
    stack.upstreamAnswers((response) => response.writeHead(304, fields).end());
    const response = await stack.call('/api/file', { headers: { 'if-none-match': etag } });
    expect(response.status).toBe(304);
    expect(Object.fromEntries(response.headers)).toMatchObject(fields);
  });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { forward } from '../../src/gate/forward.ts';
import { readBody } from '../../src/gate/readBody.ts';
import { forwardedHeaders } from '../../src/gate/requestHeaders.ts';
import { systemClock } from '../../src/limits/requestBodies.ts';
import { fetchUndecoded } from '../../src/netlify/fetchUndecoded.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { createManualClock, patientBodies } from '../support/bodies.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { codeOf } from '../support/rejection.ts';

const open: Upstream[] = [];
afterEach(async () => {
  for (const upstream of open.splice(0)) await upstream.close();
});

async function upstreamThat(...answer: Parameters<typeof startUpstream>): Promise<Upstream> {
  const upstream = await startUpstream(...answer);
  open.push(upstream);
  return upstream;
}

/** Reads and forwards; a body of more than 1 MiB in chunks. */
async function send(
  target: URL,
  init: RequestInit & { duplex?: 'half' } = {},
  timeoutSeconds = 5,
  clock = systemClock,
): Promise<Response> {
  const request = new Request('https://site.example/api/x', init);
  const options = { bodies: patientBodies, maxBodyBytes: 1024 * 1024, stream: true };
  const body = await readBody(request, options);
  const headers = forwardedHeaders(request, { url: new URL(request.url) });
  return forward(request, {
    target,
    upstream: 'DAYPASS_UPSTREAM',
    headers,
    body,
    timeoutSeconds,
    clock,
    fetchUndecoded: fetchUndecoded(),
  });
}

/** A body that comes in pieces and whose length nobody knows beforehand. */
function inPieces(pieces: readonly (string | Uint8Array)[]): RequestInit & { duplex: 'half' } {
  const encoder = new TextEncoder();
  const rest = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = rest.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
    },
  });
  return { method: 'POST', body, duplex: 'half' };
}

describe('requests', () => {
  test('arrive once, with method, fields and body as sent', async () => {
    const upstream = await upstreamThat();
    const response = await send(upstream.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t', cookie: 'a=b' },
      body: '{"a":1}',
    });
    expect(response.status).toBe(200);
    expect(upstream.received).toHaveLength(1);
    const [received] = upstream.received;
    expect(received).toMatchObject({ method: 'POST', body: Buffer.from('{"a":1}') });
    expect(received?.headers).toMatchObject({
      host: upstream.url.host,
      'content-type': 'application/json',
      'content-length': '7',
      authorization: 'Bearer t',
    });
    expect(received?.headers).not.toHaveProperty('cookie');
    expect(received?.headers).not.toHaveProperty('transfer-encoding');
  });

  test('a body in pieces of up to 1 MB arrives whole, with its length', async () => {
    const upstream = await upstreamThat();
    const half = new Uint8Array(512 * 1024).fill(7);
    await send(upstream.url, inPieces(['', half, half]));
    expect(upstream.received[0]?.headers['content-length']).toBe(String(1024 * 1024));
    expect(upstream.received[0]?.body.equals(Buffer.alloc(1024 * 1024, 7))).toBe(true);
  });

  test('a larger one arrives whole, as a stream', async () => {
    const upstream = await upstreamThat();
    const piece = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    const pieces = [piece, piece, piece, piece, piece, piece, piece];
    await send(upstream.url, inPieces(pieces));
    expect(upstream.received[0]?.headers['transfer-encoding']).toBe('chunked');
    expect(upstream.received[0]?.body.equals(Buffer.concat(pieces))).toBe(true);
  });

  test.each(['POST', 'DELETE'])(
    'a %s without a body has an empty one, on a connection of its own',
    async (method) => {
      const upstream = await upstreamThat();
      await send(upstream.url, { method });
      expect(upstream.received[0]?.body).toHaveLength(0);
      expect(upstream.received[0]?.headers.connection).toBe('close');
    },
  );

  test.each(['GET', 'HEAD', 'DELETE', 'PATCH', 'PUT', 'OPTIONS'])('%s stays %s', async (method) => {
    const upstream = await upstreamThat();
    await send(upstream.url, { method });
    expect(upstream.received[0]?.method).toBe(method);
  });
});

describe('answers', () => {
  test.each([204, 205, 304])('%i has no body', async (status) => {
    const upstream = await upstreamThat((response) => response.writeHead(status, { etag: '"1"' }).end());
    const response = await send(upstream.url);
    expect(response).toMatchObject({ status, body: null });
    expect(response.headers.get('etag')).toBe('"1"');
  });

  test.each([400, 401, 404, 418, 429, 500, 503])('%i goes through with its body', async (status) => {
    const upstream = await upstreamThat((response) => response.writeHead(status).end('because'));
    const response = await send(upstream.url);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('because');
  });

  test('HEAD has the length of what GET would bring, and no body', async () => {
    const upstream = await upstreamThat((response) =>
      response.writeHead(200, { 'content-length': 1234 }).end(),
    );
    const response = await send(upstream.url, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('1234');
    expect(await response.text()).toBe('');
  });

  test.each([301, 302, 303, 307, 308])('a redirect %i is the caller`s to follow', async (status) => {
    const upstream = await upstreamThat((response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
    );
    const response = await send(upstream.url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(status);
    expect(response.headers.get('location')).toBe('http://127.0.0.1:1/elsewhere');
    expect(upstream.received).toHaveLength(1);
  });

  describe('in a coding', () => {
    const text = Buffer.from('hello '.repeat(1000));
    const coders: Record<string, (body: Buffer) => Buffer> = {
      gzip: gzipSync,
      'x-gzip': gzipSync,
      br: brotliCompressSync,
      deflate: deflateSync,
      zstd: zstdCompressSync,
    };
    const encode = (codings: string): Buffer =>
      codings
        .split(',')
        .reduce<Buffer>((body, name) => coders[name.trim().toLowerCase()]?.(body) ?? body, text);

    test.each([
      'gzip',
      'GZIP',
      'br',
      'x-gzip',
      'deflate',
      'zstd',
      'gzip, gzip',
      'gzip,br',
      'deflate, gzip',
      'gzip, zstd',
      'gzip, gzip, gzip, gzip, gzip',
      'gzip, aws-chunked',
      'aws-chunked, gzip',
      'aws-chunked',
      'gzip, identity',
      'identity',
      'gzip,',
    ])('%s arrives under the length and the coding that its bytes have', async (codings) => {
      const body = encode(codings);
      const upstream = await upstreamThat((response, { headers, method }) => {
        expect(headers['accept-encoding']).toBe(method === 'HEAD' ? 'identity' : 'gzip, br');
        response.writeHead(200, { 'content-encoding': codings, 'content-length': body.length }).end(body);
      });
      const response = await send(upstream.url);
      const told = response.headers.get('content-length');
      const bytes = Buffer.from(await response.arrayBuffer());
      if (told !== null) expect(bytes.length).toBe(Number(told));
      const isDecoded = !response.headers.has('content-encoding');
      expect(bytes.equals(isDecoded ? text : body)).toBe(true);
      if (isDecoded) expect(told).toBeNull();
      // Nothing is decoded there: it says what the upstream says.
      const head = await send(upstream.url, { method: 'HEAD' });
      expect(head.headers.get('content-encoding')).toBe(codings);
      expect(head.headers.get('content-length')).toBe(String(body.length));
    });

    test.each([
      [['gzip', 'gzip'], 'gzip, gzip'],
      [['br', 'br'], 'br, br'],
    ])('in two lines %j has no length that its bytes might not have', async (lines, codings) => {
      const body = encode(codings);
      const upstream = await upstreamThat((response) => {
        response.setHeader('content-encoding', lines);
        response.writeHead(200, { 'content-length': body.length }).end(body);
      });
      const response = await send(upstream.url);
      expect(response.headers.get('content-length')).toBeNull();
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
    });
  });

  test('two cookies arrive as two', async () => {
    const upstream = await upstreamThat((response) =>
      response.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2'] }).end(),
    );
    expect((await send(upstream.url)).headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
  });

  test('a stream arrives piece by piece, and may last longer than its headers may', async () => {
    const clock = createManualClock();
    let askForMore = (): void => undefined;
    const wanted = new Promise<void>((resolve) => {
      askForMore = resolve;
    });
    const upstream = await upstreamThat(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      await wanted;
      response.end('data: 2\n\n');
    });
    const response = await send(upstream.url, {}, 25, clock);
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    expect((await reader.read()).value).toBe('data: 1\n\n');
    await clock.advance(3_600_000);
    askForMore();
    expect((await reader.read()).value).toBe('data: 2\n\n');
    expect((await reader.read()).done).toBe(true);
  });

  test('one that breaks off midway breaks off for the caller too', async () => {
    const upstream = await upstreamThat((response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    });
    const response = await send(upstream.url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });
});

describe('an upstream at fault', () => {
  test.each([
    ['GET', {}],
    ['GET', { headers: { range: 'bytes=0-1' } }],
    ['POST', {}],
  ])('that does not answer in time: 504, and %s is sent once (%j)', async (method, init) => {
    const upstream = await upstreamThat(() => undefined);
    const clock = createManualClock();
    let isOver = false;
    const ended = send(upstream.url, { ...init, method }, 25, clock)
      .catch((thrown: unknown) => thrown)
      .finally(() => (isOver = true));
    await expect.poll(() => upstream.received).toHaveLength(1);
    await clock.advance(24_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    const error = await ended;
    expect(error).toBeInstanceOf(DaypassError);
    expect(error).toMatchObject({ code: 'upstream_timeout', status: 504, retryAfterSeconds: 5 });
    await delay(300);
    expect(upstream.received).toHaveLength(1);
  });

  test('that resets the connection: 502', async () => {
    const upstream = await upstreamThat((_response, _received, request) => request.socket.resetAndDestroy());
    expect(await codeOf(() => send(upstream.url))).toBe('upstream_unreachable');
  });

  test.each([
    ['POST', { body: 'once' }],
    ['POST', {}],
    ['PUT', { body: 'once' }],
    ['PATCH', { body: 'once' }],
    ['DELETE', {}],
    ['PURGE', {}],
    ['POST', inPieces([new Uint8Array(1024 * 1024), 'and more'])],
  ])('that resets the connection: %s is not sent again', async (method, body) => {
    const upstream = await upstreamThat((_response, _received, request) => request.socket.resetAndDestroy());
    expect(await codeOf(() => send(upstream.url, { ...body, method }))).toBe('upstream_unreachable');
    await delay(300);
    expect(upstream.received).toHaveLength(1);
  });

  test('that closes a connection it kept open: a POST on it is not sent again', async () => {
    const upstream = await upstreamThat((response, _received, request) => {
      if (upstream.received.length === 1) response.end('kept open');
      else request.socket.destroy();
    });
    await (await send(upstream.url)).text();
    expect(await codeOf(() => send(upstream.url, { method: 'POST', body: 'once' }))).toBe(
      'upstream_unreachable',
    );
    await delay(300);
    expect(upstream.received.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  test('that refuses the connection: 502', async () => {
    const upstream = await upstreamThat();
    await upstream.close();
    expect(await codeOf(() => send(upstream.url, { method: 'POST', body: 'x' }))).toBe(
      'upstream_unreachable',
    );
  });

  test.each(['nonsense\r\n\r\n', 'HTTP/1.1 200 OK\r\nbad header\r\n\r\n'])(
    'that speaks no HTTP: 502 for %j',
    async (words) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(words));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address() as { port: number };
      try {
        const target = new URL(`http://127.0.0.1:${address.port}`);
        expect(await codeOf(() => send(target))).toBe('upstream_unreachable');
      } finally {
        server.close();
      }
    },
  );
});

describe('a caller who goes away', () => {
  test('before the answer: the upstream is let go', async () => {
    const gone = vi.fn();
    const upstream = await upstreamThat((_response, _received, request) =>
      request.socket.once('close', gone),
    );
    const caller = new AbortController();
    // Without a deadline, which would let it go too.
    const clock = { ...systemClock, after: () => () => undefined };
    const code = codeOf(() => send(upstream.url, { signal: caller.signal }, 5, clock));
    await expect.poll(() => upstream.received).toHaveLength(1);
    caller.abort();
    expect(await code).toBe('malformed_request');
    await expect.poll(() => gone).toHaveBeenCalled();
  });

  test('during the answer: the upstream is let go', async () => {
    const gone = vi.fn();
    const upstream = await upstreamThat((response, _received, request) => {
      request.socket.once('close', gone);
      response.writeHead(200).write('first');
    });
    const response = await send(upstream.url);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => gone).toHaveBeenCalled();
  });

  test('during a small body: nothing is sent on', async () => {
    const upstream = await upstreamThat();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('half'));
      },
      pull: (controller) => controller.error(new Error('gone')),
    });
    expect(await codeOf(() => send(upstream.url, { method: 'POST', body, duplex: 'half' }))).toBe(
      'malformed_request',
    );
    expect(upstream.received).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { answer, bytes, type RawAnswer, type RawUpstream, startRawUpstream } from '../support/rawUpstream.ts';

const isDeno = 'Deno' in globalThis;
let raw: RawUpstream;
let stack: GateStack;
beforeAll(async () => {
  raw = await startRawUpstream();
  stack = await startGateStack({ variables: { DAYPASS_UPSTREAM: raw.url.href } });
});
afterAll(async () => {
  await stack.close();
  await raw.close();
});

/** What a caller sees, in one line. `fails`: there is no answer. */
type Seen = string;
type PerRuntime = Seen | { node: Seen; deno: Seen };

interface Row {
  answers: RawAnswer;
  method?: string;
  /** With a fetch of the upstream itself. */
  direct: PerRuntime;
  /** Through the gate, where that differs. A fetch that fails is 502 here. */
  through?: PerRuntime;
}

/** Fields that are the gate's own, or that say how the bytes travelled. */
const aside =
  /^(ratelimit|ratelimit-policy|cache-control|vary|connection|transfer-encoding|x-request-id|date)$/;

async function look(call: Promise<Response>): Promise<Seen> {
  let response: Response;
  try {
    response = await call;
  } catch {
    return 'fails';
  }
  const fields = [...response.headers]
    .filter(([name]) => !aside.test(name))
    .map(([name, value]) => `${name}: ${value.length > 99 ? `${value.length} characters` : value}`);
  const text = await response.text().then(
    (body) => `"${body}"`,
    () => 'breaks off',
  );
  if (response.headers.get('content-type') === 'application/problem+json') {
    const { code, detail } = JSON.parse(text.slice(1, -1));
    expect(detail).toContain('DAYPASS_UPSTREAM');
    return `${response.status} ${code}`;
  }
  return [`${response.status} ${response.statusText}`.trim(), ...fields, text].join(' | ');
}

const here = (seen: PerRuntime): Seen => (typeof seen === 'string' ? seen : isDeno ? seen.deno : seen.node);
/** Deno tells the usual phrase of a status, whatever was sent. */
const close = 'Connection: close\r\n';
const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${close}`;
const x200 = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n${close}\r\nx`;
const plain = '200 OK | content-length: 1 | "x"';
const unreachable = '502 upstream_unreachable';
const invalid = '502 upstream_invalid_response';
const long = (length: number) => answer('200 OK', [`X-Long: ${'a'.repeat(length)}`], 'x');
const utf8 = (text: string) => bytes(Buffer.from(text));

const rows: Record<string, Row> = {
  'an answer': {
    answers: answer('200 OK', ['X-A: 1'], 'x'),
    direct: '200 OK | content-length: 1 | x-a: 1 | "x"',
  },

  // Answers before the answer (RFC 9110 §15.2).
  '100 without having been asked': {
    answers: bytes('HTTP/1.1 100 Continue\r\n\r\n', x200),
    direct: { node: 'fails', deno: plain },
  },
  '102, twice': {
    answers: bytes('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n', x200),
    direct: plain,
  },
  '103 with a Link': {
    answers: bytes('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n', x200),
    direct: plain,
  },
  '100 and no answer': { answers: bytes('HTTP/1.1 100 Continue\r\n\r\n'), direct: 'fails' },
  '101 to whom has not asked': {
    answers: bytes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello'),
    direct: { node: 'fails', deno: '101 Switching Protocols | upgrade: x | ""' },
    through: { node: unreachable, deno: invalid },
  },

  // Framing (RFC 9112 §6, §7).
  'chunks with extensions': {
    answers: bytes(chunked, '\r\n1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n'),
    direct: '200 OK | "x"',
  },
  'chunks with trailers': {
    answers: bytes(chunked, 'Trailer: X-T\r\n\r\n1\r\nx\r\n0\r\nX-T: t\r\n\r\n'),
    direct: '200 OK | trailer: X-T | "x"',
    // fetch does not hand trailers over, so none are announced.
    through: '200 OK | "x"',
  },
  'a chunk that breaks off': { answers: bytes(chunked, '\r\n5\r\nab'), direct: '200 OK | breaks off' },
  'a chunk without a length': { answers: bytes(chunked, '\r\nzz\r\nab'), direct: '200 OK | breaks off' },
  'no length': {
    answers: bytes(`HTTP/1.1 200 OK\r\n${close}\r\nuntil closed`),
    direct: '200 OK | "until closed"',
  },
  'HTTP/1.0': { answers: bytes('HTTP/1.0 200 OK\r\n\r\nuntil closed'), direct: '200 OK | "until closed"' },
  'less than the length': {
    answers: bytes('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxxx'),
    direct: '200 OK | content-length: 10 | breaks off',
  },
  'more than the length': {
    answers: bytes('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxxx'),
    direct: plain,
  },
  'one length twice': {
    answers: bytes(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n${close}\r\nx`),
    direct: { node: 'fails', deno: '200 OK | content-length: 1, 1 | "x"' },
    // A list is no length: the next recipient may refuse it, or take it for another (RFC 9110 §8.6).
    through: { node: unreachable, deno: '200 OK | "x"' },
  },
  'two lengths': {
    answers: bytes(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n${close}\r\nxx`),
    direct: 'fails',
  },
  'a length that is no number': {
    answers: bytes(`HTTP/1.1 200 OK\r\nContent-Length: -1\r\n${close}\r\nxx`),
    direct: 'fails',
  },
  'a length beside chunks': {
    answers: bytes(chunked, 'Content-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
    direct: { node: 'fails', deno: '200 OK | content-length: 3 | "x"' },
    // The chunks are right (RFC 9112 §6.3), and the length would split the connection at the wrong byte.
    through: { node: unreachable, deno: '200 OK | "x"' },
  },
  'a connection that closes at once': { answers: bytes(''), direct: 'fails' },
  'a connection that closes among the fields': {
    answers: bytes('HTTP/1.1 200 OK\r\nX-A: 1'),
    direct: 'fails',
  },
  'a connection that is reset': { answers: (connection) => connection.reset(), direct: 'fails' },

  // Answers without content.
  '204': {
    answers: bytes(`HTTP/1.1 204 No Content\r\nETag: "a"\r\n${close}\r\n`),
    direct: '204 No Content | etag: "a" | ""',
  },
  '204 with a length': {
    answers: answer('204 No Content', [], 'xxx'),
    direct: '204 No Content | content-length: 3 | ""',
    through: '204 No Content | ""',
  },
  '205': {
    answers: answer('205 Reset Content', ['X-A: 1']),
    direct: '205 Reset Content | content-length: 0 | x-a: 1 | ""',
    through: '205 Reset Content | x-a: 1 | ""',
  },
  '205 with content': {
    answers: answer('205 Reset Content', [], 'xxx'),
    direct: '205 Reset Content | content-length: 3 | ""',
    through: '205 Reset Content | ""',
  },
  '304 with the length of what it stands for': {
    answers: bytes(`HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 123\r\n${close}\r\n`),
    direct: '304 Not Modified | content-length: 123 | etag: "a" | ""',
  },
  'HEAD, with a length': {
    method: 'HEAD',
    answers: bytes(`HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n${close}\r\n`),
    direct: '200 OK | content-length: 1234 | ""',
  },
  'HEAD, without': {
    method: 'HEAD',
    answers: bytes(`HTTP/1.1 200 OK\r\n${close}\r\n`),
    direct: '200 OK | ""',
  },

  // Phrases (RFC 9112 §4): Deno tells the usual one, whatever was sent.
  'a phrase of its own': {
    answers: answer('404 Gone fishing', [], 'x'),
    direct: {
      node: '404 Gone fishing | content-length: 1 | "x"',
      deno: '404 Not Found | content-length: 1 | "x"',
    },
  },
  'no phrase': {
    answers: answer('200 ', [], 'x'),
    direct: { node: '200 | content-length: 1 | "x"', deno: plain },
  },
  'no phrase, and no space for one': {
    answers: answer('200', [], 'x'),
    direct: { node: '200 | content-length: 1 | "x"', deno: plain },
  },
  'a phrase in Latin-1': {
    answers: answer('200 N\u00e3o', [], 'x'),
    direct: { node: '200 N\ufffdo | content-length: 1 | "x"', deno: plain },
    through: { node: '200 | content-length: 1 | "x"', deno: plain },
  },
  'a phrase in UTF-8': {
    answers: utf8(`HTTP/1.1 200 は\u3044\r\nContent-Length: 1\r\n${close}\r\nx`),
    direct: { node: '200 は\u3044 | content-length: 1 | "x"', deno: plain },
    through: { node: '200 | content-length: 1 | "x"', deno: plain },
  },
  'a phrase with a control character': {
    answers: answer('200 a\u0001b', [], 'x'),
    direct: { node: '200 a\u0001b | content-length: 1 | "x"', deno: 'fails' },
    through: { node: '200 | content-length: 1 | "x"', deno: unreachable },
  },

  // Statuses (RFC 9110 §15).
  '299': {
    answers: answer('299 Odd', [], 'x'),
    direct: { node: '299 Odd | content-length: 1 | "x"', deno: '299 | content-length: 1 | "x"' },
  },
  '599': {
    answers: answer('599 Odd', [], 'x'),
    direct: { node: '599 Odd | content-length: 1 | "x"', deno: '599 | content-length: 1 | "x"' },
  },
  '600': {
    answers: answer('600 Odd', [], 'x'),
    direct: { node: '600 Odd | content-length: 1 | "x"', deno: '600 | content-length: 1 | "x"' },
    through: invalid,
  },
  '999': {
    answers: answer('999 Odd', [], 'x'),
    direct: { node: '999 Odd | content-length: 1 | "x"', deno: '999 | content-length: 1 | "x"' },
    through: invalid,
  },
  '199 as the last answer': { answers: answer('199 Odd', [], 'x'), direct: 'fails' },
  '099': { answers: answer('099 Odd', [], 'x'), direct: 'fails' },
  '1000': { answers: answer('1000 Odd', [], 'x'), direct: 'fails' },

  // Fields (RFC 9110 §5, RFC 9112 §5).
  'several cookies': {
    answers: answer('200 OK', ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2, c', 'Set-Cookie: a=1'], 'x'),
    direct:
      '200 OK | content-length: 1 | set-cookie: a=1; Path=/ | set-cookie: b=2, c | set-cookie: a=1 | "x"',
  },
  'empty values': {
    answers: answer('200 OK', ['X-Empty:', 'X-Space:   '], 'x'),
    direct: '200 OK | content-length: 1 | x-empty:  | x-space:  | "x"',
  },
  'one field in three lines': {
    answers: answer('200 OK', ['X-D: a', 'X-D: b', 'x-d: a', 'Link: <a>', 'Link: <b>'], 'x'),
    direct: '200 OK | content-length: 1 | link: <a>, <b> | x-d: a, b, a | "x"',
  },
  'two types': {
    answers: answer('200 OK', ['Content-Type: text/plain', 'Content-Type: text/html'], 'x'),
    direct: '200 OK | content-length: 1 | content-type: text/plain, text/html | "x"',
  },
  'a value in Latin-1': {
    answers: answer('200 OK', ['X-L: caf\u00e9'], 'x'),
    direct: '200 OK | content-length: 1 | x-l: caf\u00e9 | "x"',
  },
  'a value in UTF-8, byte for byte': {
    answers: utf8(`HTTP/1.1 200 OK\r\nX-U: \u00e9\r\nContent-Length: 1\r\n${close}\r\nx`),
    direct: '200 OK | content-length: 1 | x-u: \u00c3\u00a9 | "x"',
  },
  'a folded value (obs-fold)': {
    answers: answer('200 OK', ['X-Fold: a', '  b', '\tc'], 'x'),
    direct: 'fails',
  },
  'a field of 15 000 characters': {
    answers: long(15_000),
    direct: '200 OK | content-length: 1 | x-long: 15000 characters | "x"',
  },
  'a field of 100 000': {
    answers: long(100_000),
    direct: { node: 'fails', deno: '200 OK | content-length: 1 | x-long: 100000 characters | "x"' },
  },
  'a field of 600 000': { answers: long(600_000), direct: 'fails' },
  'a name with a space': { answers: answer('200 OK', ['X A: 1'], 'x'), direct: 'fails' },
  'a line without a colon': { answers: answer('200 OK', ['XA'], 'x'), direct: 'fails' },
  'a space before the colon': { answers: answer('200 OK', ['X-A : 1'], 'x'), direct: 'fails' },
  'lines that end in LF alone': {
    answers: bytes('HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 1\n\nx'),
    direct: { node: 'fails', deno: '200 OK | content-length: 1 | x-a: 1 | "x"' },
  },
  'what is not HTTP': { answers: bytes('nonsense\r\n\r\n'), direct: 'fails' },
};

describe('what an upstream answers is seen through the gate as directly', () => {
  test.each(Object.entries(rows))('%s', async (_, { answers, method = 'GET', direct, through }) => {
    raw.answers(answers);
    expect(await look(fetch(new URL('/api/x', raw.url), { method }))).toBe(here(direct));
    const expected = through ?? (here(direct) === 'fails' ? unreachable : direct);
    expect(await look(stack.call('/api/x', { method }))).toBe(here(expected));
  });
});

// On Node another client than fetch asks for these.
test.each([
  ['an answer', 200],
  ['103 with a Link', 200],
  ['101 to whom has not asked', 502],
  ['205 with content', 205],
  ['a phrase in Latin-1', 200],
  ['a phrase in UTF-8', 200],
  ['999', 502],
  ['600', 502],
  ['two lengths', 502],
  ['what is not HTTP', 502],
])('a range is asked for: %s', async (name, status) => {
  raw.answers(rows[name]?.answers as RawAnswer);
  const response = await stack.call('/api/x', { headers: { range: 'bytes=0-9' } });
  expect(response.status).toBe(status);
  if (rows[name]?.through === invalid) expect(await response.text()).toContain('upstream_invalid_response');
});

test('server-sent events arrive one by one, each before the next is sent', async () => {
  let sendNext = () => {};
  raw.answers(async (connection) => {
    connection.send(`${chunked}Content-Type: text/event-stream\r\n\r\n`);
    for (const event of ['one', 'two', 'three']) {
      connection.send(`${(event.length + 8).toString(16)}\r\ndata: ${event}\n\n\r\n`);
      await new Promise<void>((resolve) => {
        sendNext = resolve;
      });
    }
    connection.send('0\r\n\r\n');
    connection.end();
  });
  const response = await stack.call('/api/events', { headers: { accept: 'text/event-stream' } });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  for (const event of ['one', 'two', 'three']) {
    expect((await reader.read()).value).toBe(`data: ${event}\n\n`);
    sendNext();
  }
  expect((await reader.read()).done).toBe(true);
});

test('who leaves an event stream leaves it at the upstream too', async () => {
  let closed: Promise<unknown> | undefined;
  raw.answers((connection) => {
    ({ closed } = connection);
    connection.send(`${chunked}Content-Type: text/event-stream\r\n\r\n9\r\ndata: 1\n\n\r\n`);
  });
  const response = await stack.call('/api/events');
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await closed;
});

test('a long poll is answered when its time has come, be others answered meanwhile', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  raw.answers(async (connection, request) => {
    if (request.target.endsWith('/poll')) await held;
    await answer('200 OK', [], request.target)(connection, request);
  });
  const poll = stack.call('/api/poll');
  expect(await (await stack.call('/api/other')).text()).toBe('/api/other');
  release();
  expect(await (await poll).text()).toBe('/api/poll');
});

test('a large answer arrives whole, in pieces', async () => {
  const piece = 'x'.repeat(65_536);
  raw.answers((connection) => {
    connection.send(`${chunked}\r\n`);
    for (let sent = 0; sent < 64; sent += 1) connection.send(`10000\r\n${piece}\r\n`);
    connection.send('0\r\n\r\n');
    connection.end();
  });
  expect((await (await stack.call('/api/x')).text()).length).toBe(64 * 65_536);
});

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { droppedFields } from '../../src/gate/responseHeaders.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { bytes, exchangeRaw, type RawUpstream, startRawUpstream } from '../support/rawUpstream.ts';
import { issuer } from '../support/tokens.ts';
import { type OddAnswer, oddAnswers } from './oddAnswers.ts';
import { type OddRequest, oddRequests } from './oddRequests.ts';

// Odd but legal requests and answers, through the gate and beside it: a caller's bytes to an upstream's bare socket, and back.
// What may differ is what the tables of docs/gate.md say, written out here.

const isDeno = 'Deno' in globalThis;
let raw: RawUpstream;
let stack: GateStack;
beforeAll(async () => {
  raw = await startRawUpstream();
  stack = await startGateStack({
    // Each credential is one of the backend's own here, and odd.
    policy: { routes: [{ path: '/api/*', verify: false }] },
    variables: { DAYPASS_UPSTREAM: raw.url.href },
  });
});
afterAll(async () => {
  await stack.close();
  await raw.close();
});

/** Lines of one name are one (RFC 9110 §5.3), but for `Set-Cookie`. */
function combine(lines: readonly (readonly [string, string])[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [given, value] of lines) {
    const name = given.toLowerCase();
    const before = fields[name];
    const separator = name === 'set-cookie' ? '\n' : ', ';
    fields[name] = before === undefined ? value : before + separator + value;
  }
  return fields;
}

function without(fields: Record<string, string>, isAside: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !isAside(name)));
}

const latin1 = (part: Uint8Array | string) =>
  typeof part === 'string' ? part : Buffer.from(part).toString('latin1');

/** How a body travels is each connection's own affair; that it has a length is looked at apart. */
const framing = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

describe('requests', () => {
  const describeRequest = ({ method = 'GET', target = '/api/x', fields = [], body }: OddRequest) =>
    JSON.stringify([method, target, fields, body && latin1(body)]).slice(0, 160);

  /** Bytes of a body that JavaScript's text stands for. */
  const bytesOf = (body: OddRequest['body']) =>
    body === undefined ? undefined : typeof body === 'string' ? new TextEncoder().encode(body) : body;

  async function beside({ method = 'GET', target = '/api/x', fields = [], body }: OddRequest) {
    const length = body === undefined ? [] : [`Content-Length: ${bytesOf(body)?.length}`];
    const lines = [...fields.map(([name, value]) => `${name}: ${value}`), ...length];
    const head = [`${method} ${target} HTTP/1.1`, `Host: ${raw.url.host}`, ...lines, 'Connection: close'];
    await exchangeRaw(raw.url, `${head.join('\r\n')}\r\n\r\n`, bytesOf(body) ?? '');
    return raw.received.at(-1);
  }

  async function through({ method = 'GET', target = '/api/x', fields = [], body }: OddRequest) {
    const headers = new Headers();
    for (const [name, value] of fields) headers.append(name, value);
    // A type that only fetch would add is not the caller's.
    const content = body === undefined ? null : new Blob([bytesOf(body) as Uint8Array<ArrayBuffer>]);
    const response = await stack.request(target, { method, headers, body: content });
    expect(response.status).toBe(200);
    return raw.received.at(-1);
  }

  /** What the first table says. */
  function changed({ method = 'GET', fields = [] }: OddRequest, sent: Record<string, string>) {
    const hasRange = fields.some(([name]) => name === 'Range');
    const coding = hasRange
      ? 'identity'
      : method === 'HEAD'
        ? (sent['accept-encoding'] ?? 'identity')
        : 'gzip, br';
    return {
      accept: '*/*',
      'accept-language': '*',
      'user-agent': expect.any(String),
      ...(!isDeno && { 'sec-fetch-mode': 'cors' }),
      ...without(sent, (name) => framing.includes(name)),
      'accept-encoding': coding,
      'x-forwarded-host': new URL(issuer).host,
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/',
      'x-request-id': expect.any(String),
    };
  }

  test.each(oddRequests.map((request) => [describeRequest(request), request] as const))(
    '%s',
    async (_, request) => {
      const sent = await beside(request);
      const received = await through(request);
      expect(received?.method).toBe(sent?.method);
      expect(received?.target).toBe(sent?.target);
      expect(received && latin1(received.body)).toBe(sent && latin1(sent.body));
      const fields = combine(received?.fields ?? []);
      const expected = changed(request, combine(sent?.fields ?? []));
      // A part of a file is asked for without fetch on Node, and so without what fetch adds.
      const isBare = !isDeno && 'range' in fields;
      const added = ['accept', 'accept-language', 'user-agent', 'sec-fetch-mode'];
      const aside = (name: string) => framing.includes(name) || (isBare && added.includes(name));
      expect(without(fields, aside)).toEqual(without(expected, aside));
      if (request.body !== undefined && request.body.length > 0) {
        expect(fields['content-length']).toBe(String(sent?.body.length));
      }
    },
  );

  test('what the URL standard spells otherwise is spelled so', async () => {
    expect((await through({ target: "/api/it's?it's" }))?.target).toBe("/api/it's?it%27s");
    expect((await through({ target: '/api/x?' }))?.target).toBe('/api/x');
  });
});

describe('answers', () => {
  function wire({
    statusLine = '200 OK',
    fields = [],
    body = '',
    framing: told = 'length',
  }: OddAnswer): string {
    const content = latin1(body);
    const how = {
      length: [`Content-Length: ${content.length}`],
      chunked: ['Transfer-Encoding: chunked'],
      close: [],
      none: [],
    }[told];
    const head = [`HTTP/1.1 ${statusLine}`, ...fields, ...how, 'Connection: close'].join('\r\n');
    const chunk = content && `${content.length.toString(16)}\r\n${content}\r\n`;
    return `${head}\r\n\r\n${told === 'chunked' ? `${chunk}0\r\n\r\n` : content}`;
  }

  const describeAnswer = (answer: OddAnswer) => JSON.stringify(wire(answer)).slice(0, 160);

  async function beside({ method = 'GET', range }: OddAnswer) {
    const asked = [
      `${method} /api/x HTTP/1.1`,
      `Host: ${raw.url.host}`,
      ...(range ? [`Range: ${range}`] : []),
    ];
    const answer = await exchangeRaw(raw.url, `${asked.join('\r\n')}\r\n\r\n`);
    const end = answer.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
    const fields = combine(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')),
        line.slice(line.indexOf(':') + 1).replace(/^[ \t]+|[ \t]+$/g, ''),
      ]),
    );
    const content = answer.slice(end + 4);
    return {
      status: Number(statusLine.slice(9, 12)),
      phrase: statusLine.slice(13),
      fields,
      body: fields['transfer-encoding'] ? unchunk(content) : content,
    };
  }

  async function through({ method = 'GET', range }: OddAnswer) {
    const response = await stack.request('/api/x', { method, headers: range ? { range } : {} });
    return {
      status: response.status,
      phrase: response.statusText,
      fields: combine([...response.headers]),
      body: latin1(new Uint8Array(await response.arrayBuffer())),
    };
  }

  /** Fields that the second table lets go or replaces. */
  const isOurs = (name: string) =>
    droppedFields.has(name) || /^(access-control-|netlify-|x-nf-|x-request-id$)/.test(name);

  /** What the second table says of a body. */
  function decoded(
    { method, range }: OddAnswer,
    { status, fields, body }: Awaited<ReturnType<typeof beside>>,
  ) {
    const coding = fields['content-encoding']?.toLowerCase() ?? '';
    const decode = { gzip: gunzipSync, br: brotliDecompressSync }[coding];
    if (status === 205) return { fields: without(fields, (name) => name === 'content-length'), body };
    if (!decode || method === 'HEAD' || range || status === 304) return { fields, body };
    return {
      fields: without(fields, (name) => name === 'content-encoding' || name === 'content-length'),
      body: latin1(decode(Buffer.from(body, 'latin1'))),
    };
  }

  test.each(oddAnswers.map((answer) => [describeAnswer(answer), answer] as const))(
    '%s',
    async (_, answer) => {
      raw.answers(bytes(wire(answer)));
      const direct = await beside(answer);
      const seen = await through(answer);
      const expected = decoded(answer, direct);
      expect(seen.status).toBe(direct.status);
      // Deno tells the usual phrase, whatever was sent.
      if (!isDeno) expect(seen.phrase).toBe(direct.phrase);
      expect(without(seen.fields, isOurs)).toEqual(without(expected.fields, isOurs));
      expect(seen.body).toBe(expected.body);
    },
  );
});

function unchunk(text: string): string {
  const size = Number.parseInt(text, 16);
  const start = text.indexOf('\r\n') + 2;
  return size > 0 ? text.slice(start, start + size) + unchunk(text.slice(start + size + 2)) : '';
}

test('there are more than 200 of them', () => {
  expect(oddRequests.length).toBeGreaterThan(100);
  expect(oddAnswers.length).toBeGreaterThan(100);
});

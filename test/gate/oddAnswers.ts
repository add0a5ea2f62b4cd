import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** A legal answer, as it goes over the wire. Text is Latin-1. */
export interface OddAnswer {
  /** What is asked: a GET unless it says more. */
  method?: string;
  range?: string;
  statusLine?: string;
  fields?: readonly string[];
  body?: Uint8Array | string;
  /** How the end of the body is told. */
  framing?: 'length' | 'chunked' | 'close' | 'none';
}

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index);
const text = 'a text that is worth compressing, or so '.repeat(50);

const statuses = [
  ...[
    '200 OK',
    '200 Alles gut',
    '200 ',
    '201 Created',
    '202 Accepted',
    '203 Non-Authoritative Information',
    '207 Multi-Status',
  ],
  ...[
    '208 Already Reported',
    '218 This is fine',
    '226 IM Used',
    '299 Odd',
    '300 Multiple Choices',
    '301 Moved Permanently',
  ],
  ...[
    '302 Found',
    '303 See Other',
    '305 Use Proxy',
    '306 Unused',
    '307 Temporary Redirect',
    '308 Permanent Redirect',
  ],
  ...[
    '400 Bad Request',
    '401 Unauthorized',
    '402 Payment Required',
    '403 Forbidden',
    '404 Not Found',
    '405 Method Not Allowed',
  ],
  ...[
    '406 Not Acceptable',
    '409 Conflict',
    '410 Gone',
    '412 Precondition Failed',
    '415 Unsupported Media Type',
    "418 I'm a teapot",
  ],
  ...[
    '421 Misdirected Request',
    '422 Unprocessable Content',
    '423 Locked',
    '425 Too Early',
    '428 Precondition Required',
  ],
  ...[
    '429 Too Many Requests',
    '451 Unavailable For Legal Reasons',
    '499 Client Closed Request',
    '500 Internal Server Error',
  ],
  ...[
    '501 Not Implemented',
    '502 Bad Gateway',
    '503 Service Unavailable',
    '504 Gateway Timeout',
    '507 Insufficient Storage',
  ],
  ...['509 Bandwidth Limit Exceeded', '511 Network Authentication Required', '530 Odd', '599 Last'],
];

const fieldSets = [
  [
    'Set-Cookie: a=1; Expires=Sat, 21 Nov 2026 00:00:00 GMT; Path=/',
    'Set-Cookie: b=2; HttpOnly',
    'Set-Cookie: c=',
  ],
  ['WWW-Authenticate: Basic realm="a, b"', 'WWW-Authenticate: Digest nonce="x", qop="auth"'],
  ['Link: <https://other.example/?page=2>; rel="next", </a>; rel=prev', 'Link: <b>; rel=x'],
  ['ETag: W/"odd, one"', 'Last-Modified: nonsense', 'Accept-Ranges: none'],
  ['ETag: ""', 'Content-MD5: Q2hlY2s=', 'Digest: SHA-256=abc=', 'Repr-Digest: sha-256=:AA==:'],
  [
    'Content-Type: text/html; charset="utf-8"; odd=1',
    'Content-Language: de, en',
    "Content-Disposition: attachment; filename*=UTF-8''a%20b",
  ],
  ['Content-Disposition: attachment; filename="caf\u00e9.txt"'],
  ['Allow: GET, HEAD, BREW', 'Allow: POST'],
  ['Retry-After: Sat, 21 Nov 2026 00:00:00 GMT'],
  ['Location: /api/elsewhere?a=b#c', 'Content-Location: here'],
  ['Location: https://other.example/caf\u00c3\u00a9'],
  ['Location: ', 'Refresh: 5; url=/api/x'],
  ['Server: odd/1.0 (a; "b")', 'X-Powered-By: odd', 'Via: 1.1 proxy', 'Warning: 199 - "odd"'],
  ['Date: Sat, 21 Nov 2026 00:00:00 GMT', 'X-Runtime: 0.1', 'Server-Timing: db;dur=53, app;desc="a b"'],
  [
    'Strict-Transport-Security: max-age=1',
    "Content-Security-Policy: default-src 'self'; report-uri /x",
    'Permissions-Policy: a=()',
  ],
  [
    'Clear-Site-Data: "cache"',
    'Service-Worker-Allowed: /',
    'SourceMap: /a.map',
    'NEL: {"a":1}',
    'Report-To: {"b":[1]}',
  ],
  ['X-Empty:', 'X-Spaces:    a   b   ', 'X-Tab: a\tb', 'X-Commas: ,a,,b,', 'X-Colons: ::'],
  ["!#$%&'*+-.^`|~0Az: any sign", 'x: 1', 'X_Under_Score: 1', `${'X-Long-Name-'.repeat(20)}: 1`],
  ['X-Latin: caf\u00e9', 'X-Utf8: caf\u00c3\u00a9', 'X-High: \u0080\u009f\u00ff'],
  [`X-Long: ${'a'.repeat(8000)}`],
  ['X-Twice: a', 'X-Other: o', 'x-twice: b', 'X-TWICE: c, d'],
  [
    'X-Total-Count: 5',
    'X-RateLimit-Remaining: 4',
    'X-Forwarded-For: 10.0.0.1',
    'X-Real-IP: 10.0.0.1',
    'X-User: a',
  ],
  Array.from({ length: 60 }, (_, index) => `X-Many-${index}: ${index}`),
  ['Content-Type: text/event-stream', 'X-Accel-Buffering: no'],
  ['Content-Type: application/problem+json', 'Deprecation: @1', 'Sunset: Sat, 21 Nov 2026 00:00:00 GMT'],
  ['Cookie: odd=1', 'Host: odd', 'Range: odd', 'Authorization: odd', 'Origin: odd', 'Trailers: odd'],
  ['Content-Encoding: identity'],
  ['Content-Encoding: aws-chunked'],
  ['Content-Encoding:'],
];

const bodies: OddAnswer[] = [
  ...(['length', 'chunked', 'close'] as const).flatMap((framing) =>
    [
      '',
      'x',
      '\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\n',
      '0\r\n\r\n',
      allBytes,
      new Uint8Array(1_500_000).fill(7),
    ].map((body) => ({ framing, body })),
  ),
  { statusLine: '204 No Content', framing: 'none', fields: ['ETag: "1"'] },
  { statusLine: '205 Reset Content', body: '' },
  { statusLine: '304 Not Modified', framing: 'none', fields: ['ETag: W/"1"', 'Content-Location: /api/x'] },
  {
    statusLine: '304 Not Modified',
    framing: 'none',
    fields: ['Content-Encoding: gzip', 'Content-Length: 99'],
  },
  ...['200 OK', '404 Not Found', '503 Service Unavailable'].flatMap((statusLine): OddAnswer[] => [
    { statusLine, body: gzipSync(text), fields: ['Content-Encoding: gzip', 'ETag: "1"'] },
    { statusLine, body: gzipSync(text), fields: ['Content-Encoding: GZIP'], framing: 'chunked' },
    { statusLine, body: brotliCompressSync(text), fields: ['content-encoding: br'], framing: 'close' },
  ]),
];

const heads: OddAnswer[] = [
  ['Content-Length: 0'],
  ['Content-Length: 12345', 'Accept-Ranges: bytes'],
  ['Content-Length: 54', 'Content-Encoding: gzip', 'ETag: "1"'],
  ['Content-Encoding: br'],
  ['Content-Type: text/plain', 'Set-Cookie: a=1', 'Set-Cookie: b=2'],
].map((fields) => ({ method: 'HEAD', framing: 'none', fields }));

const parts: OddAnswer[] = [
  ...[gzipSync(text), brotliCompressSync(text), deflateSync(text)].flatMap((file, index): OddAnswer[] => {
    const coding = `Content-Encoding: ${['gzip', 'br', 'deflate'][index]}`;
    const partial = { statusLine: '206 Partial Content', range: 'bytes=5-24' };
    return [
      {
        ...partial,
        fields: [coding, `Content-Range: bytes 5-24/${file.length}`],
        body: file.subarray(5, 25),
      },
      {
        ...partial,
        fields: [coding, `Content-Range: bytes 0-24/${file.length}`],
        body: file.subarray(0, 25),
        framing: 'chunked',
      },
      { ...partial, statusLine: '200 OK', fields: [coding], body: file },
    ];
  }),
  {
    range: 'bytes=9-',
    statusLine: '416 Range Not Satisfiable',
    fields: ['Content-Range: bytes */9'],
    body: '',
  },
  {
    range: 'bytes=0-0,2-2',
    statusLine: '206 Partial Content',
    fields: ['Content-Type: multipart/byteranges; boundary=b', 'Content-Encoding: gzip'],
    body: '--b\r\nContent-Range: bytes 0-0/9\r\n\r\na\r\n--b\r\nContent-Range: bytes 2-2/9\r\n\r\nb\r\n--b--\r\n',
  },
  { range: 'items=0-1', statusLine: '206 Partial Content', fields: ['Content-Range: 0-1/*'], body: '[1,2]' },
  {
    range: 'bytes=0-',
    method: 'HEAD',
    framing: 'none',
    fields: ['Content-Length: 99', 'Content-Encoding: gzip'],
  },
];

export const oddAnswers: readonly OddAnswer[] = [
  ...statuses.map((statusLine) => ({ statusLine, body: 'x' })),
  ...fieldSets.map((fields) => ({ fields, body: 'x' })),
  ...bodies,
  ...heads,
  ...parts,
];

/** A legal request, as a caller would write it. */
export interface OddRequest {
  method?: string;
  target?: string;
  /** Several lines of one name are several entries. */
  fields?: readonly (readonly [name: string, value: string])[];
  body?: Uint8Array<ArrayBuffer> | string;
}

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index);
const mebibyte = 1024 * 1024;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const rareMethods = [
  ...[
    'PROPFIND',
    'PROPPATCH',
    'MKCOL',
    'COPY',
    'MOVE',
    'LOCK',
    'UNLOCK',
    'REPORT',
    'SEARCH',
    'QUERY',
    'PURGE',
  ],
  ...['LINK', 'UNLINK', 'M-SEARCH', 'BREW', 'patch', "!#$%&'*+-.^_`|~"],
];

const targets = [
  ...[
    '/api',
    '/api/',
    '/api/x/',
    '/api/a.b',
    '/api/a..b',
    '/api/.well-known/x',
    '/api/...',
    '/api/~user',
    '/api/-/_',
  ],
  ...["/api/!$&'()*+,=:@", '/api/a,b', '/api/a:b', '/api/@scope', '/api/a+b', '/api/a%20b', '/api/caf%C3%A9'],
  ...[
    '/api/caf%c3%a9',
    '/api/%E2%82%AC',
    '/api/%F0%9F%98%80',
    '/api/%61',
    '/api/x;version=2',
    '/api/[1]',
    '/api/a%7Cb',
  ],
  ...[
    '/api/x?a',
    '/api/x?a=',
    '/api/x?=b',
    '/api/x?a=1&a=2&a=',
    '/api/x?&&',
    '/api/x?a;b',
    '/api/x?a+b%20c',
    '/api/x??',
  ],
  ...[
    '/api/x?next=http://backend/a?b',
    '/api/x?q=%2F%2f..%2F',
    '/api/x?%00%01',
    '/api/x?%zz%',
    '/api/x?q=%E9',
  ],
  ...[
    '/api/x?filter[name]=a&filter[]=b',
    '/api/x?../../y',
    '/api/x?a=!$()*,/:;@-._~',
    `/api/x?q=${'a'.repeat(4000)}`,
  ],
];

/** One field each, but where a line says more. */
const fieldLines = [
  ...[
    'Accept: text/html;q=0.5, */*;q=0.1',
    'Accept: ',
    'Accept-Charset: utf-8',
    'Accept-Language: de-CH, *;q=0.5',
  ],
  ...[
    'Authorization: Basic dTpw',
    'Authorization: Digest username="a, b", uri="/x"',
    'Authorization: Token abc',
  ],
  ...[
    'Cache-Control: no-cache, max-age=0',
    'Pragma: no-cache',
    'Baggage: a=1,b=2;p',
    'Date: Sat, 21 Nov 2026 00:00:00 GMT',
  ],
  ...[
    'Depth: infinity',
    'DNT: 1',
    'Early-Data: 1',
    'From: me@example.com',
    'HX-Request: true',
    'HX-Current-URL: http://a/?b',
  ],
  ...[
    'Idempotency-Key: "8e03978e"',
    'If: (<urn:uuid:1> ["a"]) (Not <b>)',
    'If-Match: *',
    'If-None-Match: W/"1", "2"',
  ],
  ...[
    'If-Modified-Since: Sat, 21 Nov 2026 00:00:00 GMT',
    'If-Unmodified-Since: nonsense',
    'If-Range: "1"',
    'Link: <a>; rel=x',
  ],
  ...[
    'Last-Event-ID: 7',
    'Lock-Token: <urn:uuid:1>',
    'Overwrite: F',
    'Prefer: return=minimal; foo="a, b"',
    'Priority: u=1, i',
  ],
  ...[
    'Range: bytes=0-0,-1',
    'Range: items=0-9',
    'Referer: https://site.example/a?b#c',
    'Save-Data: on',
    'Timeout: Infinite',
  ],
  ...[
    'Sec-CH-UA: "a";v="1", "(Not;A";v="8"',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Dest: empty',
    'Sec-GPC: 1',
  ],
  ...[
    'SOAPAction: ""',
    'Signature: sig1=:AAAA:',
    'Traceparent: 00-1-2-01',
    'Upgrade-Insecure-Requests: 1',
    'User-Agent: ',
  ],
  ...[
    'User-Agent: Mozilla/5.0 (X11; "odd") \\',
    'Viewport-Width: 320',
    'X-CSRFToken: abc==',
    'X-Requested-With: XMLHttpRequest',
  ],
  ...[
    'Access-Control-Request-Method: PUT',
    'Content-Language: de',
    'Content-Location: /elsewhere',
    'Want-Digest: SHA-256',
  ],
  ...[
    "!#$%&'*+-.^`|~0Az: any sign that a name may have",
    'X_Under_Score: 1',
    'x: 1',
    `${'X-Long-Name-'.repeat(20)}: 1`,
  ],
  ...[
    'X-Empty: ',
    'X-Tab: a\tb',
    'X-Spaces: a   b',
    'X-Commas: ,a,,b,',
    'X-Quotes: "a\\"b',
    'X-Colons: :a::b:',
    'X-Json: {"a":[1,2]}',
  ],
  ...[
    'X-Latin: caf\u00e9',
    'X-Utf8: caf\u00c3\u00a9',
    'X-High: \u0080\u009f\u00ff',
    `X-Long: ${'a'.repeat(8000)}`,
    'X-Percent: %0d%0a',
  ],
  ...[
    'X-Forward: 1',
    'X-Shipping-Address: a',
    'X-Zip: a',
    'X-Hosting: a',
    'X-Ghost: a',
    'X-Auth-Token: t',
    'X-User-Agent: grpc-web',
  ],
];

const bodies = (
  [
    ...[
      '',
      ' ',
      '\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      '0\r\n\r\n',
      'a=1&b=%C3%A9',
      '{"a":"\u00e9"}',
      '\ufeff',
    ].map((body) => ({
      body,
    })),
    ...[0, 1, 256, 65_536, mebibyte, mebibyte + 1].map((length) => ({
      body: new Uint8Array(length).fill(65),
    })),
    { body: allBytes },
    { body: allBytes, fields: [['Content-Type', 'application/octet-stream']] },
    { body: allBytes, fields: [['Content-Encoding', 'gzip']] },
    { body: '--b\r\n\r\nx\r\n--b--\r\n', fields: [['Content-Type', 'multipart/form-data; boundary="b"']] },
    { body: 'x', fields: [['Content-Type', '']] },
    { body: 'x', fields: [['Content-Type', 'text/plain;charset="utf-8";odd=1']] },
  ] satisfies OddRequest[]
).map((request: OddRequest) => ({ method: 'POST', ...request }));

const repeated: OddRequest[] = [
  [
    ['X-Twice', 'a'],
    ['X-Twice', 'b'],
  ] as const,
  [
    ['Accept', 'a/b'],
    ['accept', 'c/d'],
  ] as const,
  [
    ['X-Twice', 'a'],
    ['X-Other', 'o'],
    ['X-TWICE', ''],
    ['x-twice', 'c, d'],
  ] as const,
].map((fields) => ({ fields }));

export const oddRequests: readonly OddRequest[] = [
  ...methods.map((method) => ({ method })),
  ...rareMethods.map((method) => ({ method })),
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'].map((method) => ({ method, body: 'a body' })),
  ...targets.map((target) => ({ target })),
  ...fieldLines.map((line) => ({ fields: [fieldOf(line)] })),
  ...repeated,
  ...bodies,
];

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}

import { issuer, now, subject } from '../../support/tokens.ts';

/** Characters that readers of base64url, JSON, numbers and UTF-8 disagree about. */
export const oddCharacters = [
  ...'.-_=+/AQgw09az"\\{}[]:, \t\n\r\f\v\0\x1f\x7f',
  ...'\u0085\u00a0\u00e9\u0131\u017f\u2028\u2029\u200b\ufeff\uff21\u0661\ud83d\ude00😀',
];

/** Pieces of tokens and of JSON. */
export const oddFragments = [
  '==',
  '..',
  '\\u0041',
  '\\ud800',
  '\\udc00',
  '\\ud83d\\ude00',
  '\\u00',
  '\\x41',
  "\\'",
  '\\/',
  ',"aud":"api"',
  ',"\\u0061ud":"api"',
  '"x":1,',
  '{"x":[{}]}',
  '/**/',
  'NaN',
  'e1',
  '.0',
  '00',
  '[[[[',
  ']]]]',
];

const times = [now, now + 300, now - 1, now + 31, now + 30, now - 3600, now - 30, 0];
const texts = [
  '',
  ' ',
  'api',
  'API',
  'api ',
  issuer,
  `${issuer}/`,
  subject,
  `${subject}=`,
  'production',
  'dev',
  'HS256',
  'JWT',
  'none',
];

/** Values, as JSON writes them, that verifiers are most likely to read in different ways. */
export const oddValues: readonly string[] = [
  // 64 levels with the object around them, and 65.
  ...[63, 64].map((count) => '['.repeat(count) + ']'.repeat(count)),
  ...[62, 63].map((count) => `${'{"x":'.repeat(count)}{}${'}'.repeat(count)}`),
  ...times.map(String),
  ...times.map((time) => `${time}.0`),
  ...times.map((time) => `${time / 1e9}e9`),
  ...times.map((time) => `${time}0E-1`),
  ...times.map((time) => `"${time}"`),
  ...texts.map((text) => JSON.stringify(text)),
  ...texts.map((text) => JSON.stringify([text])),
  ...['null', 'true', 'false', '[]', '{}', '""', '[[]]', '{"":{}}', '{"__proto__":1}', '{"a":1,"a":1}'],
  ...['-0', '-0.0', '0e0', '-1', '0.5', '1.5e0', '1e-400', '1e400', '-1e400', '1e22', '4.35e2'],
  ...['9007199254740991', '9007199254740991.4', '9007199254740991.5', '9007199254740992', '9007199254740993'],
  ...['18446744073709551616', '9'.repeat(400), `1${'0'.repeat(308)}`, `0.${'0'.repeat(400)}1`],
  ...[
    `${now}.00000001`,
    `${now}.0000000000001`,
    `${now + 300}.99999999999999999`,
    '1.8e+9',
    '18e8',
    '180000000000e-2',
  ],
  ...[
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '0x1',
    'NaN',
    'Infinity',
    '-Infinity',
    'nul',
    'True',
    'undefined',
    '1_0',
    '1n',
  ],
  ...[
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\u0000"',
    '"\t"',
    '"\\q"',
    '"\u2028"',
    '"\ufeff"',
  ],
  ...['"read write"', '"read  write "', '" read\\twrite"', '"a\\u00a0b"', '"\u0000"'],
  ...[`${'['.repeat(70)}${']'.repeat(70)}`, `${'['.repeat(1100)}${']'.repeat(1100)}`, '['.repeat(1500)],
  ...[`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`, `${'{"a":['.repeat(70)}${']}'.repeat(70)}`],
  ...[
    `${'{"a":1,"b":'.repeat(70)}{"c":1,"c":2}${'}'.repeat(70)}`,
    `"${'[{'.repeat(100)}"`,
    `"${'x'.repeat(2900)}"`,
  ],
];

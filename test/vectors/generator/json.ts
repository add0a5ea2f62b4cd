import { goodClaims, goodHeader, rawMember, sign } from './craft.ts';
import { accepted, refused, type Vector } from './vector.ts';

const valid = 'RFC 7519 §7.2: the claims are a completely valid JSON object in UTF-8';
const headerValid = 'RFC 7515 §5.2: the header is a completely valid JSON object in UTF-8';
const claimsText = JSON.stringify(goodClaims);
const headerText = JSON.stringify(goodHeader);
const extra = (json: string) => rawMember(goodClaims, 'x', json);

/** JSON texts that are valid, however they look. */
const fine: [string, string, string][] = [
  [
    'white space wherever JSON allows it',
    'RFC 8259 §2',
    `\t\r\n ${JSON.stringify(goodClaims, null, '\t')} \r\n`,
  ],
  ['names and values written with escapes', 'RFC 8259 §7', escaped(claimsText)],
  ['a slash that is escaped', 'RFC 8259 §7', claimsText.replaceAll('/', '\\/')],
  ['a number with fraction and exponent', 'RFC 8259 §6', extra('-1.5e-7')],
  ['lists, objects, true, false and null', 'RFC 8259 §3', extra('[{},[],true,false,null,"",0]')],
  ['a member without a name', 'RFC 8259 §4', claimsText.replace('{', '{"":1,')],
  [
    'a member called __proto__',
    'RFC 7519 §4: an unknown claim is ignored',
    claimsText.replace('{', '{"__proto__":{"aud":"admin"},'),
  ],
];

/** Texts that some parser takes for JSON all the same, and who forbids them. */
const broken: [string, string, string][] = [
  ['a comma behind the last member', 'RFC 8259 §4', claimsText.replace('}', ',}')],
  ['two commas', 'RFC 8259 §4', claimsText.replace(',', ',,')],
  ['a comment', 'RFC 8259 §2', claimsText.replace('{', '{/* x */')],
  ['a comment to the end of the line', 'RFC 8259 §2', `${claimsText}// x`],
  ['single quotes', 'RFC 8259 §7', claimsText.replaceAll('"', "'")],
  ['names without quotes', 'RFC 8259 §4', claimsText.replaceAll(/"(\w+)":/g, '$1:')],
  ['something behind the object', 'RFC 8259 §2', `${claimsText}x`],
  ['a second object', 'RFC 8259 §2', `${claimsText}${claimsText}`],
  ['a NUL behind the object', 'RFC 8259 §2', `${claimsText}\u0000`],
  ['no closing brace', 'RFC 8259 §4', claimsText.slice(0, -1)],
  ['a closing brace too many', 'RFC 8259 §2', `${claimsText}}`],
  ['a prefix against inclusion as a script', 'RFC 8259 §2', `)]}'\n${claimsText}`],
  ['a byte order mark', 'RFC 8259 §8.1: none is added; policy: none is skipped', `\ufeff${claimsText}`],
  ['a form feed as white space', 'RFC 8259 §2', claimsText.replace('{', '{\f')],
  ['a space that does not break as white space', 'RFC 8259 §2', claimsText.replace('{', '{\u00a0')],
  ['a line break in a string', 'RFC 8259 §7', extra('"a\nb"')],
  ['a tab in a string', 'RFC 8259 §7', extra('"a\tb"')],
  ['a NUL in a string', 'RFC 8259 §7', extra('"a\u0000b"')],
  ['an escape that does not exist', 'RFC 8259 §7', extra('"\\x41"')],
  ['a Unicode escape of three digits', 'RFC 8259 §7', extra('"\\u041"')],
  ['a Unicode escape in braces', 'RFC 8259 §7', extra('"\\u{41}"')],
  ['NaN', 'RFC 8259 §6', extra('NaN')],
  ['Infinity', 'RFC 8259 §6', extra('Infinity')],
  ['-Infinity', 'RFC 8259 §6', extra('-Infinity')],
  ['exp NaN', 'RFC 8259 §6', rawMember(goodClaims, 'exp', 'NaN')],
  ['exp Infinity', 'RFC 8259 §6', rawMember(goodClaims, 'exp', 'Infinity')],
  ['a number with a plus', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '+1800000300')],
  ['a number with a leading zero', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '01800000300')],
  ['a number that ends in its point', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '1800000300.')],
  ['a number that starts with its point', 'RFC 8259 §6', extra('.5')],
  ['a hexadecimal number', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '0x6b49d32c')],
  ['a number with underscores', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '1_800_000_300')],
  ['a number with a suffix', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '1800000300n')],
  ['a number in digits of another script', 'RFC 8259 §6', rawMember(goodClaims, 'exp', '١٨٠٠٠٠٠٣٠٠')],
  ['True for true', 'RFC 8259 §3', extra('True')],
  ['undefined', 'RFC 8259 §3', extra('undefined')],
  ['2900 brackets that nobody closes', 'RFC 8259 §5: depth must exhaust no stack either', '['.repeat(2900)],
  [
    'brackets that nobody closes, inside an object',
    'RFC 8259 §5: depth must exhaust no stack either',
    `{"x":${'['.repeat(2800)}`,
  ],
];

/** Valid JSON that is no object. */
const noObject = ['[]', '[{}]', '"x"', '1', 'null', 'true', ' '];

const depth =
  'Policy, after RFC 8259 §9: header and claims nest at most 64 levels; the object itself is the first, each object or list in another one more.';

/** JSON text of so many lists, or of so many lists and objects by turns, each in the one before. */
const lists = (count: number) => `${'['.repeat(count)}${']'.repeat(count)}`;
const mixed = (count: number): string => {
  if (count === 0) return '0';
  return count % 2 === 1 ? `[${mixed(count - 1)}]` : `{"x":${mixed(count - 1)}}`;
};

/** Values of a member: what stands in them, and how many levels they add to the object around. */
const nested: [string, number, string][] = [
  ['21 levels', 20, lists(20)],
  ['64 levels of lists', 63, lists(63)],
  ['64 levels, of objects too', 63, mixed(63)],
  ['64 levels, another 64 beside them', 63, `${lists(63)},"y":${lists(63)}`],
  ['100 lists beside one another', 2, `[${Array(100).fill('[]').join(',')}]`],
  ['brackets in a string', 0, JSON.stringify('["{['.repeat(30))],
  ['brackets in a name', 1, `{${JSON.stringify('[{"\\['.repeat(30))}:1}`],
  ['65 levels of lists', 64, lists(64)],
  ['65 levels, of objects too', 64, mixed(64)],
  ['65 levels, a scalar in the last', 64, `${'['.repeat(64)}0${']'.repeat(64)}`],
  ['65 levels behind strings of closing brackets', 64, `"]]}}\\\\","y":${lists(64)}`],
  ['100 levels', 99, lists(99)],
  ['130 levels', 129, lists(129)],
  ['600 levels', 599, lists(599)],
  ['1200 levels', 1199, lists(1199)],
];

const depths: Vector[] = (['claims', 'header'] as const).flatMap((part) =>
  nested.map(([name, levels, value]) => {
    const nest = (members: object) => rawMember(members, 'x', value);
    const token = part === 'claims' ? sign(goodHeader, nest(goodClaims)) : sign(nest(goodHeader), goodClaims);
    const title = `JSON of the ${part}: ${name}`;
    return levels < 64 ? accepted(title, depth, token) : refused('token_malformed', title, depth, token);
  }),
);

function escaped(json: string): string {
  return json.replaceAll(/[a-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export const json: Vector[] = [
  ...depths,
  ...fine.map(([name, source, text]) =>
    accepted(`JSON of the claims: ${name}`, `${source}; the claims are valid JSON.`, sign(goodHeader, text)),
  ),
  accepted(
    'JSON of the header: white space wherever JSON allows it',
    'RFC 8259 §2.',
    sign(`\n${JSON.stringify(goodHeader, null, 2)}\n`, goodClaims),
  ),
  accepted('JSON of the header: written with escapes', 'RFC 8259 §7.', sign(escaped(headerText), goodClaims)),
  ...broken.map(([name, source, text]) =>
    refused('token_malformed', `JSON of the claims: ${name}`, `${valid}; ${source}.`, sign(goodHeader, text)),
  ),
  ...noObject.map((text) =>
    refused(
      'token_malformed',
      `JSON of the claims: ${JSON.stringify(text)}`,
      `${valid}.`,
      sign(goodHeader, text),
    ),
  ),
  ...noObject.map((text) =>
    refused(
      'token_malformed',
      `JSON of the header: ${JSON.stringify(text)}`,
      `${headerValid}.`,
      sign(text, goodClaims),
    ),
  ),
  ...(
    [
      ['a comma behind the last member', headerText.replace('}', ',}')],
      ['a comment', headerText.replace('{', '{/* x */')],
      ['single quotes', headerText.replaceAll('"', "'")],
      ['something behind the object', `${headerText}x`],
      ['a byte order mark', `\ufeff${headerText}`],
      ['NaN', headerText.replace('}', ',"x":NaN}')],
      ['a line break in a string', headerText.replace('}', ',"x":"a\nb"}')],
      ['2900 brackets that nobody closes', '['.repeat(2900)],
      ['brackets that nobody closes, inside an object', `${headerText.slice(0, -1)},"x":${'['.repeat(2700)}`],
    ] as const
  ).map(([name, text]) =>
    refused(
      'token_malformed',
      `JSON of the header: ${name}`,
      `${headerValid}; RFC 8259.`,
      sign(text, goodClaims),
    ),
  ),
];

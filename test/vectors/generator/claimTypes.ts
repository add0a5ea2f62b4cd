import { goodClaims, goodHeader, rawMember, sign, withClaims, withRawClaim } from './craft.ts';
import { now } from './setting.ts';
import { accepted, refused, type Vector } from './vector.ts';

const required = 'Policy: the claim is required.';

/** Claims that are strings, and who says so. `scope` alone may be absent. */
const strings: Record<string, string> = {
  iss: 'RFC 7519 §4.1.1: iss is a StringOrURI',
  sub: 'RFC 7519 §4.1.2: sub is a StringOrURI',
  aud: 'Policy: aud is one string, never a list (RFC 7519 §4.1.3 would allow one)',
  jti: 'RFC 7519 §4.1.7: jti is a string',
  deploy_context: 'Policy: deploy_context is a string',
  scope: 'RFC 8693 §4.2: scope is a string',
};

/** Claims that are times, and who says so. */
const times: Record<string, string> = {
  iat: 'RFC 7519 §4.1.6: iat is a NumericDate',
  exp: 'RFC 7519 §4.1.4: exp is a NumericDate',
  nbf: 'RFC 7519 §4.1.5: nbf is a NumericDate',
  auth_time: 'OpenID Connect Core §2: auth_time is a JSON number',
};

const whole =
  'Policy: a NumericDate (RFC 7519 §2) is a whole number of seconds from 0 to 2^53 − 1, as every double holds it exactly (RFC 8259 §6).';

const notStrings: [string, string][] = [
  ['null', 'null'],
  ['a number', '1'],
  ['true', 'true'],
  ['an object', '{}'],
  ['an empty list', '[]'],
];

const notTimes: [string, string][] = [
  ['null', 'null'],
  ['the number in a string', `"${now + 60}"`],
  ['an empty string', '""'],
  ['a date in a string', '"2027-01-15T08:05:00Z"'],
  ['true', 'true'],
  ['false', 'false'],
  ['a list', `[${now + 60}]`],
  ['an object', '{}'],
];

const notWhole: [string, string][] = [
  ['a fraction', `${now + 60}.5`],
  ['just above a whole number', `${now + 60}.000001`],
  ['-1', '-1'],
  ['negative and large', `-${now}`],
  ['a fraction below zero', '-0.5'],
  ['2^53', '9007199254740992'],
  ['2^53 + 1', '9007199254740993'],
  ['2^63', '9223372036854775808'],
  ['2^64', '18446744073709551616'],
  ['2^64 and a good time', `${(2n ** 64n + BigInt(now + 60)).toString()}`],
  ['1e300', '1e300'],
  ['1e400', '1e400'],
  ['-1e400', '-1e400'],
  ['-(2^63)', '-9223372036854775808'],
];

function wrongType(claim: string, kind: string, source: string, json: string): Vector {
  return refused('token_claims', `${claim}: ${kind}`, `${source}.`, withRawClaim(claim, json));
}

const stringVectors = Object.entries(strings).flatMap(([claim, source]) => [
  ...notStrings.map(([kind, json]) => wrongType(claim, kind, source, json)),
  wrongType(claim, 'a list of the right string', source, JSON.stringify([goodClaims[claim as 'aud']])),
  claim === 'scope'
    ? accepted('scope: absent', 'RFC 8693 §4.2: scope is optional.', withClaims({ scope: undefined }))
    : refused('token_claims', `${claim}: absent`, required, withClaims({ [claim]: undefined })),
]);

const timeVectors = Object.entries(times).flatMap(([claim, source]) => [
  ...notTimes.map(([kind, json]) => wrongType(claim, kind, source, json)),
  ...notWhole.map(([kind, json]) =>
    refused('token_claims', `${claim}: ${kind}`, whole, withRawClaim(claim, json)),
  ),
]);

const absentTimes = [
  refused('token_claims', 'iat: absent', required, withClaims({ iat: undefined })),
  refused('token_claims', 'exp: absent', required, withClaims({ exp: undefined })),
  accepted('auth_time: absent', 'Policy: the claim is optional.', withClaims({ auth_time: undefined })),
];

const names = ['iss', 'sub', 'aud', 'jti', 'deploy_context', 'iat', 'exp'] as const;

export const claimTypes: Vector[] = [
  ...stringVectors,
  ...timeVectors,
  ...absentTimes,
  ...names.map((claim) =>
    refused(
      'token_claims',
      `${claim}: the claim is called ${claim.toUpperCase()}`,
      'RFC 7519 §7.3: names are compared code point by code point, so the claim is absent.',
      withClaims({ [claim]: undefined, [claim.toUpperCase()]: goodClaims[claim] }),
    ),
  ),
  refused(
    'token_claims',
    'claims: none at all',
    required,
    withClaims(Object.fromEntries(Object.keys(goodClaims).map((claim) => [claim, undefined]))),
  ),
  refused(
    'token_claims',
    'claims: inside a member called __proto__',
    `${required} What an object inherits is no claim.`,
    sign(goodHeader, rawMember({}, '__proto__', JSON.stringify(goodClaims))),
  ),
  refused(
    'token_claims',
    'claims: a level too deep',
    `${required} It stands at the top.`,
    withClaims({
      ...Object.fromEntries(Object.keys(goodClaims).map((claim) => [claim, undefined])),
      claims: goodClaims,
    }),
  ),
  refused(
    'token_claims',
    'jti: empty',
    'Policy: jti is required, and an empty one names no token.',
    withClaims({ jti: '' }),
  ),
  ...(
    [
      ['exp', '1800000300.0'],
      ['exp', '1.8000003e9'],
      ['exp', '1.8000003E+9'],
      ['exp', '18000003000e-1'],
      ['iat', '1800000000.000'],
      ['iat', '18e8'],
      ['nbf', '0'],
      ['nbf', '-0'],
      ['nbf', '0.0'],
      ['nbf', '1.8e9'],
      ['auth_time', '0'],
      ['auth_time', '1.7999e9'],
    ] as const
  ).map(([claim, json]) =>
    accepted(
      `${claim}: the whole number ${json}`,
      'RFC 8259 §6: fraction and exponent spell the same number; the policy asks for a whole value, not for a spelling.',
      withRawClaim(claim, json),
    ),
  ),
];

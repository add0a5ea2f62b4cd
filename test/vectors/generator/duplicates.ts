import { goodClaims, goodHeader, rawMember, sign, withClaims } from './craft.ts';
import { accepted, refused, type Vector } from './vector.ts';

const headerRule =
  'RFC 7515 §4: names of header members are unique; policy: a token that repeats one is refused.';
const claimsRule = 'RFC 7519 §4: names of claims are unique; policy: a token that repeats one is refused.';
const innerRule = 'RFC 8259 §4: what a repeated name means is unpredictable; policy: refused at any depth.';
const claims = JSON.stringify(goodClaims);
const header = JSON.stringify(goodHeader);

/** The object with more members in front of its own. */
function before(members: string, object: string): string {
  return `{${members},${object.slice(1)}`;
}

/** The object with more members behind its own. */
function behind(object: string, members: string): string {
  return `${object.slice(0, -1)},${members}}`;
}

function twice(name: string, why: string, token: string): Vector {
  return refused('token_malformed', `duplicates: ${name}`, why, token);
}

export const duplicates: Vector[] = [
  twice('alg, none first', headerRule, sign(before('"alg":"none"', header), goodClaims)),
  twice('alg, none last', headerRule, sign(behind(header, '"alg":"none"'), goodClaims)),
  twice('alg, the same twice', headerRule, sign(behind(header, '"alg":"HS256"'), goodClaims)),
  twice('typ', headerRule, sign(before('"typ":"at+jwt"', header), goodClaims)),
  twice('kid', headerRule, sign(before('"kid":"AAAAAAAA"', header), goodClaims)),
  twice('a header member that nobody knows', headerRule, sign(behind(header, '"x":1,"x":1'), goodClaims)),
  twice('aud, a foreign one first', claimsRule, sign(goodHeader, before('"aud":"admin"', claims))),
  twice('aud, a foreign one last', claimsRule, sign(goodHeader, behind(claims, '"aud":"admin"'))),
  twice('exp, a later one last', claimsRule, sign(goodHeader, behind(claims, '"exp":1800003600'))),
  twice('exp, a past one first', claimsRule, sign(goodHeader, before('"exp":1', claims))),
  twice('sub, the same twice', claimsRule, sign(goodHeader, behind(claims, `"sub":"${goodClaims.sub}"`))),
  twice('scope', claimsRule, sign(goodHeader, behind(claims, '"scope":"admin"'))),
  twice('a claim that nobody knows', claimsRule, sign(goodHeader, behind(claims, '"x":1,"x":2'))),
  twice('a member without a name', claimsRule, sign(goodHeader, behind(claims, '"":1,"":2'))),
  twice('__proto__', claimsRule, sign(goodHeader, behind(claims, '"__proto__":1,"__proto__":2'))),
  twice('one of them null', claimsRule, sign(goodHeader, behind(claims, '"x":null,"x":1'))),
  twice(
    'one of them written with an escape',
    claimsRule,
    sign(goodHeader, before('"\\u0061ud":"admin"', claims)),
  ),
  twice(
    'one of them written with an escape, last',
    claimsRule,
    sign(goodHeader, behind(claims, '"\\u0065xp":1800003600')),
  ),
  twice('in an object inside', innerRule, sign(goodHeader, rawMember(goodClaims, 'x', '{"y":1,"y":2}'))),
  twice(
    'in an object in a list',
    innerRule,
    sign(goodHeader, rawMember(goodClaims, 'x', '[0,{"y":1,"y":2}]')),
  ),
  twice(
    'in an object inside the header',
    innerRule,
    sign(rawMember(goodHeader, 'x', '{"y":{"z":1,"z":2}}'), goodClaims),
  ),
  accepted(
    'duplicates: names that differ in case',
    'RFC 7519 §7.3: names are compared code point by code point, so these are claims that nobody knows.',
    withClaims({ AUD: 'admin', Exp: 1, ISS: 'https://other.example' }),
  ),
  accepted(
    'duplicates: names that differ in their Unicode normal form',
    'RFC 7519 §7.3: names are compared code point by code point.',
    withClaims({ é: 1, 'e\u0301': 2 }),
  ),
  accepted(
    'duplicates: the same name in two objects',
    'RFC 8259 §4: names are unique within an object.',
    withClaims({ x: { aud: 1 }, y: [{ aud: 2 }, { aud: 3 }] }),
  ),
  accepted(
    'duplicates: inside a string',
    'RFC 8259 §7: a string is a string.',
    withClaims({ x: '"aud":"admin","aud":"admin"', y: '{"a":1,"a":2}', z: '\\":1' }),
  ),
  accepted(
    'duplicates: a value that is also a name',
    'RFC 8259 §4: names are unique, values are free.',
    withClaims({ x: ['aud', 'aud'], y: 'aud' }),
  ),
];

import { withClaims } from './craft.ts';
import { now } from './setting.ts';
import { accepted, refused, type Setting, type Vector } from './vector.ts';

const expiry = 'RFC 7519 §4.1.4 with a leeway of 30 s: accepted while now < exp + 30.';
const issue = 'Policy: accepted while iat ≤ now + 30.';
const start = 'RFC 7519 §4.1.5 with a leeway of 30 s: accepted while nbf ≤ now + 30.';
const life = 'Policy: exp − iat is at most 3600, since no longer life is ever minted.';
const session = 'Policy: auth_time is at most iat; no token is minted before its session begins.';
const order = 'Policy: exp lies behind iat; a token that ends before it starts was never minted.';

/** A token that expires so many seconds after `now`, of a life of 300 s. */
function expiring(seconds: number): string {
  return withClaims({ iat: now + seconds - 300, exp: now + seconds });
}

/** A token that was issued so many seconds after `now`. */
function issued(seconds: number): string {
  return withClaims({ iat: now + seconds, exp: now + seconds + 300 });
}

function living(seconds: number): string {
  return withClaims({ iat: now, exp: now + seconds });
}

/** A good token at another time, which is also the present. */
function at(present: number): [string, Partial<Setting>] {
  return [withClaims({ iat: present, exp: present + 300, auth_time: present }), { now: present }];
}

export const times: Vector[] = [
  accepted('exp: in 1 s', expiry, expiring(1)),
  accepted('exp: now', expiry, expiring(0)),
  accepted('exp: 1 s ago', expiry, expiring(-1)),
  accepted('exp: 29 s ago', expiry, expiring(-29)),
  refused('token_expired', 'exp: 30 s ago', expiry, expiring(-30)),
  refused('token_expired', 'exp: 31 s ago', expiry, expiring(-31)),
  refused('token_expired', 'exp: an hour ago', expiry, expiring(-3600)),
  refused('token_expired', 'exp: long ago', expiry, withClaims({ iat: 0, exp: 300 })),
  accepted('iat: 1 s ahead', issue, issued(1)),
  accepted('iat: 29 s ahead', issue, issued(29)),
  accepted('iat: 30 s ahead', issue, issued(30)),
  refused('token_not_yet_valid', 'iat: 31 s ahead', issue, issued(31)),
  refused('token_not_yet_valid', 'iat: an hour ahead', issue, issued(3600)),
  refused(
    'token_not_yet_valid',
    'iat: both times in milliseconds',
    `${issue} RFC 7519 §2: seconds.`,
    withClaims({ iat: now * 1000, exp: now * 1000 + 300 }),
  ),
  accepted('nbf: now', start, withClaims({ nbf: now })),
  accepted('nbf: long ago', start, withClaims({ nbf: 1 })),
  accepted('nbf: 29 s ahead', start, withClaims({ nbf: now + 29 })),
  accepted('nbf: 30 s ahead', start, withClaims({ nbf: now + 30 })),
  refused('token_not_yet_valid', 'nbf: 31 s ahead', start, withClaims({ nbf: now + 31 })),
  refused('token_not_yet_valid', 'nbf: an hour ahead', start, withClaims({ nbf: now + 3600 })),
  refused(
    'token_not_yet_valid',
    'nbf: the last whole number',
    start,
    withClaims({ nbf: Number.MAX_SAFE_INTEGER }),
  ),
  accepted('life: 1 s', life, living(1)),
  accepted('life: 60 s', life, living(60)),
  accepted('life: 3599 s', life, living(3599)),
  accepted('life: 3600 s', life, living(3600)),
  accepted('life: 3600 s, all but over', `${life} ${expiry}`, withClaims({ iat: now - 3629, exp: now - 29 })),
  refused('token_lifetime', 'life: 3601 s', life, living(3601)),
  refused(
    'token_lifetime',
    'life: 3601 s, begun long ago',
    life,
    withClaims({ iat: now - 3500, exp: now + 101 }),
  ),
  refused('token_lifetime', 'life: a year', life, living(31_536_000)),
  refused(
    'token_lifetime',
    'life: exp in milliseconds',
    `${life} RFC 7519 §2: seconds.`,
    withClaims({ exp: (now + 300) * 1000 }),
  ),
  refused(
    'token_lifetime',
    'life: exp the last whole number',
    life,
    withClaims({ exp: Number.MAX_SAFE_INTEGER }),
  ),
  refused('token_lifetime', 'life: iat 0', life, withClaims({ iat: 0 })),
  refused('token_lifetime', 'life: none', order, living(0)),
  refused('token_lifetime', 'life: backwards by 1 s', order, living(-1)),
  refused(
    'token_lifetime',
    'life: backwards, both within the leeway',
    order,
    withClaims({ iat: now + 20, exp: now - 20 }),
  ),
  accepted('time: before 2001, with nine digits', 'RFC 7519 §2: seconds since 1970.', ...at(999_999_000)),
  accepted('time: 2038, over 31 bits', 'RFC 7519 §2: seconds since 1970, of any size.', ...at(2 ** 31 - 100)),
  accepted('time: 2106, over 32 bits', 'RFC 7519 §2: seconds since 1970, of any size.', ...at(2 ** 32 - 100)),
  accepted(
    'auth_time: an hour ago',
    'OpenID Connect Core §2: the session began then.',
    withClaims({ auth_time: now - 3600 }),
  ),
  accepted(
    'auth_time: 11 hours ago',
    'Policy: a session outlives its tokens.',
    withClaims({ auth_time: now - 39_600 }),
  ),
  accepted(
    'auth_time: equal to iat, both ahead',
    session,
    withClaims({ iat: now + 30, auth_time: now + 30 }),
  ),
  accepted('auth_time: 1 s before iat', session, withClaims({ auth_time: now - 1 })),
  refused('token_claims', 'auth_time: 1 s after iat', session, withClaims({ auth_time: now + 1 })),
  refused(
    'token_claims',
    'auth_time: after iat, and past',
    session,
    withClaims({ iat: now - 100, exp: now + 200, auth_time: now - 99 }),
  ),
  refused('token_claims', 'auth_time: in milliseconds', session, withClaims({ auth_time: now * 1000 })),
  refused(
    'token_claims',
    'auth_time: a hundred years ahead',
    session,
    withClaims({ auth_time: now + 3_155_760_000 }),
  ),
  refused(
    'token_claims',
    'auth_time: the last whole number',
    session,
    withClaims({ auth_time: Number.MAX_SAFE_INTEGER }),
  ),
];

import { createHmac } from 'node:crypto';
import { base64url, errors, jwtVerify } from 'jose';

/**
 * @typedef {object} Site whose tokens are accepted
 * @property {string[]} secrets DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation
 * @property {string} issuer your site, such as https://your-site.example
 * @property {string} [audience] default: api
 * @property {string[]} [deployContexts] default: production alone; for tokens of `npx daypass dev`: ['dev']
 */

/**
 * Makes a verifier of Daypass access tokens with jose: copy this file into your backend, and call this at its start, so that
 * a bad secret is found there.
 * @param {...Site} sites of several, the issuer in the token chooses: the claim iss says which it was
 * @returns {(token: string, now?: Date) => Promise<import('jose').JWTPayload>} gives the claims of a token, or throws a
 * JOSEError for one that is refused
 * @throws {TypeError} for settings that cannot work
 */
export function createVerifier(...sites) {
  const byIssuer = checkSites(sites);
  return (token, now = new Date()) => verify(token, byIssuer, now);
}

async function verify(token, sites, now) {
  if (token.length > 4096) throw new errors.JWSInvalid('too long');
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonical)) throw new errors.JWSInvalid('not in canonical form');
  const header = parse(parts[0]);
  const claims = parse(parts[1]);
  // jose compares typ without case, and honours a crit of b64.
  if (header.typ !== 'JWT' || 'crit' in header) throw new errors.JWSInvalid('another kind of token');

  const site = sites.get(claims.iss);
  check(site !== undefined, 'iss');
  const { issuer, audience = 'api', deployContexts = ['production'], keys } = site;
  await jwtVerify(token, ({ kid }) => keys.get(kid) ?? noKey(), {
    algorithms: ['HS256'],
    issuer,
    audience,
    requiredClaims: ['exp', 'sub', 'jti', 'deploy_context'],
    clockTolerance: 30,
    maxTokenAge: 3600, // also makes jose refuse an iat in the future
    currentDate: now,
  });

  const { sub, aud, jti, iat, exp, nbf = 0, auth_time = 0, scope = '', deploy_context } = claims;
  check(
    [sub, aud, jti, scope, deploy_context].every((claim) => typeof claim === 'string') && jti !== '',
    'a string',
  );
  check(
    [iat, exp, nbf, auth_time].every((time) => Number.isSafeInteger(time) && time >= 0),
    'a time',
  );
  check(/^anon_[A-Za-z0-9_-]{22}$/.test(sub), 'sub');
  check(exp > iat && exp - iat <= 3600 && auth_time <= iat, 'the life');
  check(deployContexts.includes(deploy_context), 'deploy_context');
  return claims;
}

/**
 * Reads the token of a request: of `Authorization: Bearer`, or of `X-Daypass`, which holds it alone, where a password of the
 * site takes `Authorization`.
 * @param {string | undefined} authorization the fields' values; several of one name joined by a comma
 * @param {string | undefined} xDaypass
 * @returns {string | undefined} undefined when it is in neither: answer 401 without an error code
 * @throws {errors.JOSEError} for what is not one token
 */
export function readToken(authorization, xDaypass) {
  const bearer = /^bearer(?: +(.*)|\s.*|$)/is.exec(authorization ?? '');
  if (bearer && xDaypass !== undefined) throw new errors.JWTInvalid('sent twice');
  const token = bearer ? (bearer[1] ?? '') : xDaypass;
  if (token !== undefined && !/^[\w.~+/-]+=*$/.test(token)) throw new errors.JWTInvalid('not one token');
  return token;
}

function check(isRight, what) {
  if (!isRight) throw new errors.JWTInvalid(`${what} is not as it must be`);
}

function noKey() {
  throw new errors.JWKSNoMatchingKey();
}

/** The sites by issuer, each with its keys by kid. */
function checkSites(sites) {
  const byIssuer = new Map();
  const all = sites.flatMap(({ secrets }) => secrets);
  if (sites.length === 0) throw new TypeError('Name at least one site.');
  if (new Set(all).size < all.length) throw new TypeError('A secret stands twice: make another.');
  for (const { secrets, issuer, audience, deployContexts, ...unknown } of sites) {
    const [name] = Object.keys(unknown);
    if (name !== undefined) throw new TypeError(`${name} is unknown`);
    if (byIssuer.has(issuer)) throw new TypeError(`${issuer} stands twice: give one site all its secrets.`);
    if (secrets.length === 0 || secrets.some((each) => Buffer.byteLength(each ?? '') < 32))
      throw new TypeError(`A secret of ${issuer} is missing, or shorter than 32 bytes: set DAYPASS_SECRET.`);
    const keys = new Map(secrets.map((each) => [keyId(each), new TextEncoder().encode(each)]));
    byIssuer.set(issuer, { issuer, audience, deployContexts, keys });
  }
  return byIssuer;
}

function keyId(secret) {
  return createHmac('sha256', secret).update('daypass kid').digest('base64url').slice(0, 8);
}

/** Decoders ignore the bits behind the last byte, so one signature would have several spellings. */
function isCanonical(part) {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

/** JSON.parse keeps the last of two members: fewer are left than a string with a colon behind it was written. */
function parse(part) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(base64url.decode(part));
    let kept = -1; // the whole counts as a member
    const value = JSON.parse(text, function count(_name, member) {
      if (!Array.isArray(this)) kept += 1;
      return member;
    });
    const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/gs)].filter(([, colon]) => colon).length;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && kept === written && levelsOf(value) <= 64) return value;
  } catch {
    // falls through to the one refusal
  }
  throw new errors.JWSInvalid('not a JSON object in UTF-8 without repeated members, of 64 levels');
}

/** The value is the first level, each object or list inside another one more. */
function levelsOf(value) {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

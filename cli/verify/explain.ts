import type { ErrorCode } from '../../src/protocol/codes.ts';
import { formatDuration, list } from '../words.ts';

/** What an explanation may mention. Times are seconds since the epoch. */
export interface Circumstances {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly issuer: string;
  readonly audience: string;
  readonly deployContexts: readonly string[];
  /** Ids of the keys that were tried. */
  readonly keyIds: readonly string[];
  /** The variables that hold them. */
  readonly variables: readonly string[];
  readonly now: number;
}

const show = (value: unknown) => JSON.stringify(value) ?? 'absent';

/** Verifiers allow this much between two clocks. */
const skewSeconds = 30;

const explanations: Partial<Record<ErrorCode, (of: Circumstances) => string>> = {
  token_malformed: () =>
    'it is no JWT in its canonical form: three parts of base64url, each a JSON object without repeated members, 4096 bytes at most. Was it cut off, or pasted with something else?',
  token_algorithm: ({ header }) => `alg is ${show(header.alg)}; only HS256 is taken, and no crit.`,
  token_type: ({ header }) => `typ is ${show(header.typ)}; it must be "JWT".`,
  token_key: ({ header, keyIds, variables }) =>
    `kid is ${show(header.kid)}, and the ${keyIds.length === 1 ? 'key' : 'keys'} of ${list(variables)} here ${keyIds.length === 1 ? 'is' : 'are'} ${list(keyIds)}: it was signed with another secret.`,
  token_signature: () => 'the key is known, but it did not make this signature: the token was changed.',
  token_claims: ({ claims }) => `${list(oddClaims(claims))}.`,
  token_issuer: ({ claims, issuer }) => `iss is ${show(claims.iss)}, and ${show(issuer)} is expected here.`,
  token_audience: ({ claims, audience }) =>
    `aud is ${show(claims.aud)}, and ${show(audience)} is expected here.`,
  token_subject: ({ claims }) =>
    `sub is ${show(claims.sub)}; it must be anon_ and 22 characters of base64url.`,
  token_lifetime: ({ claims }) =>
    `exp − iat is ${Number(claims.exp) - Number(claims.iat)} s; it must be from 1 to 3600.`,
  token_not_yet_valid: ({ claims, now }) =>
    `it begins ${formatDuration(Number(claims.nbf ?? claims.iat) - now)} from now, and clocks may differ by ${skewSeconds} s: one of the two clocks is wrong.`,
  token_expired: ({ claims, now }) =>
    `it expired ${formatDuration(now - Number(claims.exp))} ago, and clocks may differ by ${skewSeconds} s.`,
  token_deploy_context: ({ claims, deployContexts }) =>
    `deploy_context is ${show(claims.deploy_context)}, and only ${list(deployContexts)} ${deployContexts.length === 1 ? 'is' : 'are'} accepted here.`,
  session_ended: () => 'its session began before DAYPASS_SESSIONS_NOT_BEFORE, or is over.',
  session_unknown: () => 'sid is not what this site makes of the session: no broker of this site began it.',
  subject_token_algorithm: ({ header }) => `alg is ${show(header.alg)}; Identity signs with HS256.`,
  subject_token_claims: ({ claims }) =>
    `sub must be a UUID, exp a number, and aud the policy's identity.audience; they are ${show(claims.sub)}, ${show(claims.exp)} and ${show(claims.aud)}.`,
  subject_token_expired: ({ claims, now }) => `it expired ${formatDuration(now - Number(claims.exp))} ago.`,
};

/** Why a token is refused, with the values that matter. */
export function explain(code: ErrorCode, of: Circumstances): string {
  return explanations[code]?.(of) ?? `it is refused: ${code}.`;
}

/** The claims that are absent or of the wrong type. */
function oddClaims(claims: Readonly<Record<string, unknown>>): string[] {
  const isTime = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
  const texts = ['iss', 'aud', 'sub', 'jti', 'deploy_context'].filter(
    (name) => typeof claims[name] !== 'string' || (name === 'jti' && claims[name] === ''),
  );
  const times = ['iat', 'exp', 'nbf', 'auth_time'].filter(
    (name) => !isTime(claims[name]) && !(claims[name] === undefined && ['nbf', 'auth_time'].includes(name)),
  );
  const odd = [
    ...texts.map((name) => `${name} is ${show(claims[name])}, which must be a text`),
    ...times.map((name) => `${name} is ${show(claims[name])}, which must be whole seconds`),
    ...(claims.scope !== undefined && typeof claims.scope !== 'string' ? ['scope must be a text'] : []),
  ];
  return odd.length > 0 ? odd : ['auth_time lies behind iat'];
}

import { findKey } from '../../src/token/keys.ts';
import type { ParsedToken } from '../../src/token/verify.ts';
import { formatDuration, formatTime } from '../words.ts';
import type { Site } from './verdicts.ts';

/** One member of header or claims, in words. */
export interface Finding {
  readonly name: string;
  /** As it stands in the token. */
  readonly value: unknown;
  readonly words: string;
}

/** What a header says. */
export function describeHeader({ header }: ParsedToken, site: Site): Finding[] {
  return Object.entries(header).map(([name, value]) => {
    if (name === 'kid') return { name, value, words: describeKey(value, site) };
    const expected = { alg: 'HS256', typ: 'JWT' }[name];
    if (expected === undefined) return { name, value, words: '' };
    return { name, value, words: value === expected ? '' : `must be ${expected}` };
  });
}

function describeKey(kid: unknown, { keyRings, policy }: Site): string {
  if (kid === 'nf-ident') return "Netlify Identity's key, which no site can read";
  for (const [audience, ring] of keyRings) {
    const key = findKey(ring, kid);
    const { secretVariable, secondarySecretVariable } = policy.audiences[audience] ?? {};
    const variable = key === ring.primary ? secretVariable : secondarySecretVariable;
    if (key) return `${variable}, audience ${audience}`;
  }
  return keyRings.size > 0 ? 'none of the secrets at hand' : 'no secret is at hand to compare';
}

/** What each claim says, in the order in which it stands in the token. */
export function describeClaims({ payload }: ParsedToken, site: Site): Finding[] {
  return Object.entries(payload).map(([name, value]) => ({
    name,
    value,
    words: describe(name, value, payload, site),
  }));
}

function describe(name: string, value: unknown, claims: ParsedToken['payload'], site: Site): string {
  const { now, issuer, policy, deployContext } = site;
  const seconds = Number.isSafeInteger(value) ? (value as number) : undefined;
  switch (name) {
    case 'iss':
      return value === issuer ? 'the issuer' : `not ${issuer}`;
    case 'aud':
      return Object.hasOwn(policy.audiences, String(value))
        ? 'an audience of the policy'
        : 'no audience of the policy';
    case 'sub':
      return /^anon_[\w-]{22}$/.test(String(value)) ? 'the session' : 'no session of Daypass';
    case 'iat':
    case 'nbf':
    case 'auth_time':
    case 'exp':
      return seconds === undefined
        ? 'no time'
        : `${timeNames[name]} ${formatTime(seconds, now)}${lifeOf(name, claims)}`;
    case 'scope':
      return value === '' ? 'none' : '';
    case 'deploy_context':
      return value === deployContext ? '' : `not ${deployContext}`;
    case 'jti':
      return 'names the token';
    case 'sid':
      return 'proves to the broker that it began the session';
    default:
      return '';
  }
}

const timeNames = { iat: 'minted', nbf: 'begins', auth_time: 'session began', exp: 'expires' } as const;

function lifeOf(name: string, { iat, exp }: ParsedToken['payload']): string {
  if (name !== 'exp' || typeof iat !== 'number' || typeof exp !== 'number') return '';
  return exp > iat ? `, a life of ${formatDuration(exp - iat)}` : ', before it was minted';
}

import { verifySession } from '../../src/broker/session.ts';
import { checkIdentityToken } from '../../src/identity/identityToken.ts';
import { acceptedContexts } from '../../src/policy/define.ts';
import type { CheckedRoute, Policy } from '../../src/policy/types.ts';
import type { ErrorCode } from '../../src/protocol/codes.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import type { DeployContext } from '../../src/protocol/wire.ts';
import { type AccessToken, checkClaims } from '../../src/token/claims.ts';
import type { KeyRing, PrivateKeys } from '../../src/token/keys.ts';
import { type ParsedToken, verifyToken } from '../../src/token/verify.ts';
import { formatDuration, list } from '../words.ts';
import { explain } from './explain.ts';

/** What is known here of the site and the backend. Times are seconds since the epoch. */
export interface Site {
  readonly policy: Policy;
  readonly issuer: string;
  /** Of the audiences whose secret is at hand. */
  readonly keyRings: ReadonlyMap<string, KeyRing>;
  /** Undefined where `DAYPASS_PRIVATE_SECRET` is not at hand. */
  readonly privateKeys: PrivateKeys | undefined;
  readonly sessionsNotBefore: number | undefined;
  /** The deploy context in which gate and broker run. */
  readonly deployContext: DeployContext;
  /** Those whose tokens the backend accepts. */
  readonly backendContexts: readonly DeployContext[];
  /** The audience that the backend is. */
  readonly audience: string;
  readonly now: number;
}

/** What one of those who get to see a token makes of it. */
export interface Verdict {
  readonly place: 'gate' | 'backend' | 'broker';
  /** `unverified`: nothing is wrong with it, but the secret that it takes to verify it is not at hand. */
  readonly outcome: 'accepted' | 'refused' | 'unverified';
  readonly code?: ErrorCode;
  readonly why: string;
}

/** A token's `aud`, where the policy has it. */
export function knownAudience({ audiences }: Policy, aud: unknown): string | undefined {
  return typeof aud === 'string' && Object.hasOwn(audiences, aud) ? aud : undefined;
}

interface Check {
  readonly place: Verdict['place'];
  readonly audience: string;
  readonly deployContexts: readonly DeployContext[];
  readonly graceSeconds?: number;
  readonly sessionsNotBefore: number | undefined;
}

/** Asks the gate, the backend and the broker, each with the code that it runs. Revocations, which only Redis knows, are not seen. */
export async function verifyEverywhere(
  token: string,
  parsed: ParsedToken | undefined,
  site: Site,
): Promise<Verdict[]> {
  const { policy, audience: backendAudience, sessionsNotBefore } = site;
  const deployContexts = acceptedContexts(site);
  // Of several audiences, gate and broker know the token's; a backend is one of them.
  const audience = knownAudience(policy, parsed?.payload.aud) ?? policy.defaultAudience;
  const gate = { place: 'gate', audience, deployContexts, sessionsNotBefore } as const;
  const backend = {
    ...gate,
    place: 'backend',
    audience: backendAudience,
    deployContexts: site.backendContexts,
    sessionsNotBefore: undefined,
  } as const;
  const broker = { ...gate, place: 'broker', graceSeconds: policy.accessToken.renewalGraceSeconds } as const;
  return [
    await verifyAt(token, parsed, site, gate, (accessToken) => ({
      why: describeRoutes(policy, accessToken),
    })),
    await verifyAt(token, parsed, site, backend, () => ({
      why: `as audience ${backendAudience}, with issuer ${site.issuer}`,
    })),
    await verifyAt(token, parsed, site, broker, (accessToken) => checkRenewal(token, accessToken, site)),
  ];
}

async function verifyAt(
  token: string,
  parsed: ParsedToken | undefined,
  site: Site,
  check: Check,
  then: (
    accessToken: AccessToken,
  ) => Omit<Verdict, 'place' | 'outcome'> | Promise<Omit<Verdict, 'place' | 'outcome'>>,
): Promise<Verdict> {
  const { place } = check;
  const ring = site.keyRings.get(check.audience);
  try {
    const accessToken = ring ? await verify(token, ring, site, check) : checkUnsigned(parsed, site, check);
    const { code, why } = await then(accessToken);
    if (code) return { place, outcome: 'refused', code, why };
    if (ring) return { place, outcome: 'accepted', why };
    const name = site.policy.audiences[check.audience]?.secretVariable;
    return { place, outcome: 'unverified', why: `its signature was not checked: ${name} is not at hand` };
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    const { code } = error;
    return { place, outcome: 'refused', code, why: explain(code, circumstances(parsed, site, check)) };
  }
}

function verify(token: string, keyRing: KeyRing, { issuer, now }: Site, check: Check): Promise<AccessToken> {
  const { deployContexts, graceSeconds = 0, sessionsNotBefore } = check;
  return verifyToken(token, {
    ...{ keyRing, issuer, deployContexts, now, sessionsNotBefore },
    expiredGraceSeconds: graceSeconds,
  });
}

/** All that can be checked without the key. */
function checkUnsigned(parsed: ParsedToken | undefined, { issuer, now }: Site, check: Check): AccessToken {
  if (!parsed) throw new DaypassError('token_malformed');
  const { header, payload } = parsed;
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');
  if (header.typ !== 'JWT') throw new DaypassError('token_type');
  const { audience, deployContexts, graceSeconds = 0, sessionsNotBefore } = check;
  return checkClaims(payload, {
    ...{ issuer, audience, deployContexts, now, sessionsNotBefore },
    expiredGraceSeconds: graceSeconds,
  });
}

function circumstances(parsed: ParsedToken | undefined, site: Site, check: Check) {
  const { header = {}, payload: claims = {} } = parsed ?? {};
  const ring = site.keyRings.get(check.audience);
  const { secretVariable = '', secondarySecretVariable = '' } = site.policy.audiences[check.audience] ?? {};
  return {
    ...{ header, claims, issuer: site.issuer, now: site.now },
    ...{ audience: check.audience, deployContexts: check.deployContexts },
    keyIds: ring ? [ring.primary.id, ...(ring.secondary ? [ring.secondary.id] : [])] : [],
    variables: [secretVariable, ...(ring?.secondary ? [secondarySecretVariable] : [])],
  };
}

/** Which routes of the policy a token opens, and which it does not for want of a scope. */
function describeRoutes({ routes, mode }: Policy, { audience, scopes }: AccessToken): string {
  const own = routes.filter((route) => route.verify && route.audience === audience);
  const lacks = ({ scope }: CheckedRoute) => scope !== undefined && !scopes.includes(scope);
  const opens = own.filter((route) => !lacks(route)).map(({ path }) => path);
  const closed = own.filter(lacks).map(({ path, scope }) => `${path} (lacks scope ${scope})`);
  return [
    opens.length > 0 ? `opens ${list(opens)}` : 'opens no route of the policy',
    ...(closed.length > 0 ? [`not ${list(closed)}`] : []),
    ...(mode === 'monitor' ? ['mode monitor lets other tokens pass, too'] : []),
  ].join('; ');
}

/** Whether the broker would renew it. */
async function checkRenewal(token: string, { sessionStartedAt }: AccessToken, site: Site) {
  const { policy, privateKeys, now, keyRings } = site;
  const { sessionSeconds, renewalGraceSeconds } = policy.accessToken;
  if (privateKeys && keyRings.size > 0) {
    const broker = { ...site, privateKeys, now: () => now };
    await verifySession(broker, token, keyRings.values(), renewalGraceSeconds);
  }
  if (sessionStartedAt === undefined) throw new DaypassError('session_unknown');
  const left = sessionSeconds - (now - sessionStartedAt);
  if (left <= 0) {
    const why = `its session is over: it began ${formatDuration(now - sessionStartedAt)} ago and lasts ${formatDuration(sessionSeconds)} (accessToken.sessionSeconds).`;
    return { code: 'session_ended' as const, why };
  }
  const known = privateKeys
    ? ''
    : ', if this site began its session (sid was not checked: DAYPASS_PRIVATE_SECRET is not at hand)';
  return { why: `renews it for ${formatDuration(left)} more${known}` };
}

/** What becomes of an Identity token, which neither gate nor backend takes. */
export function verifyIdentityToken(parsed: ParsedToken, site: Site): Verdict[] {
  const why = 'it is an Identity token; exchange it at /session/token first.';
  const refused = { outcome: 'refused', code: 'token_key', why } as const;
  return [{ place: 'gate', ...refused }, { place: 'backend', ...refused }, verifyExchange(parsed, site)];
}

function verifyExchange(parsed: ParsedToken, site: Site): Verdict {
  const { policy, now, audience, deployContext } = site;
  try {
    checkIdentityToken(parsed, { now, audience: policy.identity.audience });
    const why = 'exchanges it, if Identity knows its user and it is a fresh throwaway user.';
    return { place: 'broker', outcome: 'unverified', why };
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    const check = {
      place: 'broker',
      audience,
      deployContexts: [deployContext],
      sessionsNotBefore: undefined,
    } as const;
    const why = explain(error.code, circumstances(parsed, site, check));
    return { place: 'broker', outcome: 'refused', code: error.code, why };
  }
}

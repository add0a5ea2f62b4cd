import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type DeployContext, toDeployContext } from '../../../src/protocol/wire.ts';
import { createKeyRing, secretWeakness } from '../../../src/token/keys.ts';
import { mintAccessToken, newSubject } from '../../../src/token/mint.ts';
import { isConfidential, isLoopback } from '../../site.ts';
import type { Trial, TrialToken } from '../trial.ts';

/** Decodes a token of the site; undefined if it is not a JWT. */
export function readToken(text: string, isOfBroker: boolean): TrialToken | undefined {
  try {
    return { text, keyId: `${decodeProtectedHeader(text).kid}`, claims: decodeJwt(text), isOfBroker };
  } catch {
    return undefined;
  }
}

/** The secret of the token's audience in the environment at hand. */
export function secretHere(trial: Trial, which: 'primary' | 'secondary'): string | undefined {
  const audience = trial.policy?.audiences[audienceOf(trial)];
  const name =
    which === 'primary'
      ? (audience?.secretVariable ?? 'DAYPASS_SECRET')
      : (audience?.secondarySecretVariable ?? 'DAYPASS_SECRET_SECONDARY');
  const secret = trial.variables[name];
  return secretWeakness(secret) === undefined ? secret : undefined;
}

/** From the policy, never from a token: what the site writes there must not choose the secret. */
function audienceOf({ audience, policy }: Trial): string {
  return audience ?? policy?.defaultAudience ?? 'api';
}

/** The issuer as the owner has it: of the policy, else Netlify's `URL`, else the site that was named. */
export function issuerHere({ policy, variables, site }: Trial): string {
  const text = policy?.issuer ?? (variables.URL || site);
  return URL.canParse(text) ? new URL(text).origin : text;
}

/** Netlify's `CONTEXT`; without it, a site on this machine is a dev server. */
function deployContextHere({ variables, site }: Trial): DeployContext {
  if (variables.CONTEXT) return toDeployContext(variables.CONTEXT);
  return isLoopback(site) ? 'dev' : 'production';
}

/**
 * Why nothing that a secret at hand signs goes to the site; undefined where it may. The site alone must not decide whose
 * tokens it gets: it must be the owner's issuer, and claim that.
 */
export function whyUnsigned(trial: Trial): string | undefined {
  const issuer = issuerHere(trial);
  if (!isConfidential(trial.site)) return `${trial.site} must be called over https.`;
  if (!isLoopback(trial.site) && trial.site !== issuer) return `${trial.site} is not the issuer ${issuer}.`;
  return whyForeign(trial);
}

/** Whether the site names the owner's issuer: in its metadata, and in its tokens. */
function whyForeign(trial: Trial): string | undefined {
  const { metadata, token } = trial;
  const issuer = issuerHere(trial);
  const claimed = [metadata?.issuer, token?.claims.iss].filter((each) => each !== undefined);
  if (claimed.length === 0) return `${trial.site} does not say what its issuer is.`;
  const other = claimed.find((each) => each !== issuer);
  return other === undefined ? undefined : `${trial.site} says that its issuer is ${other}, not ${issuer}.`;
}

/**
 * Signs a token with a secret at hand, of the owner's issuer, audience, scopes and deploy context. The secret stays here.
 * @param to where the token is to go
 * @param claims what it is to say otherwise
 * @returns undefined where there is no such secret, where the site signs with another, or where the token may not go there
 */
export async function mintHere(
  trial: Trial,
  which: 'primary' | 'secondary',
  to: 'site' | 'backend',
  claims: { issuer?: string; deployContext?: string } = {},
): Promise<TrialToken | undefined> {
  const secret = secretHere(trial, which);
  if (secret === undefined) return undefined;
  if (trial.token && trial.token.keyId !== (await keyIdHere(trial))) return undefined;
  const why = to === 'site' ? whyUnsigned(trial) : whyForeign(trial);
  if (why !== undefined || (to === 'backend' && !isConfidential(trial.backendUrl ?? ''))) return undefined;
  const audience = audienceOf(trial);
  const now = Math.floor(trial.now() / 1000);
  const text = await mintAccessToken({
    keyRing: await createKeyRing({ audience, secret }),
    issuer: issuerHere(trial),
    subject: newSubject(),
    scopes: trial.policy?.audiences[audience]?.scopes ?? [],
    deployContext: deployContextHere(trial),
    ttlSeconds: 60,
    sessionStartedAt: now,
    now,
    ...claims,
  });
  return readToken(text, false);
}

/** What of the environment at hand was not used for want of a safe address, and why. */
export function describeUnused(trial: Trial): string[] {
  const { variables, backendUrl } = trial;
  const signs = secretHere(trial, 'primary') !== undefined || Boolean(variables.IDENTITY_WEBHOOK_SECRET);
  const why = signs ? whyUnsigned(trial) : undefined;
  const plain = [
    ['The URL of the backend', backendUrl, secretHere(trial, 'primary')],
    ['UPSTASH_REDIS_REST_URL', variables.UPSTASH_REDIS_REST_URL, variables.UPSTASH_REDIS_REST_TOKEN],
    ['IDENTITY_URL', variables.IDENTITY_URL, variables.IDENTITY_OPERATOR_TOKEN],
  ].flatMap(([name, url, token]) =>
    token && url && !isConfidential(url) ? [`${name} must be an https URL.`] : [],
  );
  return [...(why === undefined ? [] : [why]), ...plain];
}

/** The key id of the secret at hand; undefined where there is none. */
export async function keyIdHere(trial: Trial): Promise<string | undefined> {
  const secret = secretHere(trial, 'primary');
  return secret === undefined ? undefined : (await createKeyRing({ audience: 'any', secret })).primary.id;
}

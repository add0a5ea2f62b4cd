import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createKeyRing, secretWeakness } from '../../../src/token/keys.ts';
import { mintAccessToken, newSubject } from '../../../src/token/mint.ts';
import type { Trial, TrialToken } from '../trial.ts';

/** Reads a token of the site; undefined for what is none. */
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

function audienceOf({ token, audience, policy }: Trial): string {
  const { aud } = token?.claims ?? {};
  return typeof aud === 'string' ? aud : (audience ?? policy?.defaultAudience ?? 'api');
}

/**
 * Signs a token with a secret at hand: of the site's issuer, and as the token of the broker says where there is one. The secret
 * stays here.
 * @param claims what it is to say otherwise
 * @returns undefined where there is no such secret
 */
export async function mintHere(
  trial: Trial,
  which: 'primary' | 'secondary',
  claims: { issuer?: string; deployContext?: string } = {},
): Promise<TrialToken | undefined> {
  const secret = secretHere(trial, which);
  const issuer = claims.issuer ?? trial.token?.claims.iss ?? trial.metadata?.issuer;
  if (secret === undefined || typeof issuer !== 'string') return undefined;
  const { scope = '', deploy_context: ofToken = 'production' } = trial.token?.claims ?? {};
  const { deployContext = ofToken } = claims;
  const now = Math.floor(trial.now() / 1000);
  const text = await mintAccessToken({
    keyRing: await createKeyRing({ audience: audienceOf(trial), secret }),
    issuer,
    subject: newSubject(),
    scopes: `${scope}`.split(' ').filter(Boolean),
    deployContext: `${deployContext}`,
    ttlSeconds: 60,
    sessionStartedAt: now,
    now,
  });
  return readToken(text, false);
}

/** The key id of the secret at hand; undefined where there is none. */
export async function keyIdHere(trial: Trial): Promise<string | undefined> {
  const secret = secretHere(trial, 'primary');
  return secret === undefined ? undefined : (await createKeyRing({ audience: 'any', secret })).primary.id;
}

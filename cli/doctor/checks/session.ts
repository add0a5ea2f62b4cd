import { SignJWT } from 'jose';
import { solve } from '../../../client/proof/solve.ts';
import { createAdminClient } from '../../../src/identity/client.ts';
import { throwawayRole } from '../../../src/identity/throwaway.ts';
import { isUserId } from '../../../src/identity/user.ts';
import {
  type ChallengeResponse,
  jwtTokenType,
  proofField,
  tokenExchangeGrant,
} from '../../../src/protocol/messages.ts';
import { challengePath, revokePath, tokenPath } from '../../../src/protocol/wire.ts';
import { isConfidential } from '../../site.ts';
import { type Finding, finding } from '../findings.ts';
import {
  type Answer,
  type Check,
  callGate,
  describeAnswer,
  send,
  type Trial,
  type TrialToken,
} from '../trial.ts';
import { describeUnused, keyIdHere, mintHere, readToken, whyUnsigned } from './token.ts';

/** What the page of a visitor does before its first call. */
export const beginChecks: readonly Check[] = [
  {
    id: 'sign-up',
    title: 'A throwaway user signs up and logs in',
    needs: ['identity', 'redis', 'clocks'],
    run: checkSignUp,
  },
  {
    id: 'exchange',
    title: 'The broker exchanges it for an access token',
    needs: ['sign-up', 'platform'],
    isDue: ({ user }) => user?.identityToken !== undefined,
    run: checkExchange,
  },
  { id: 'token', title: 'Who signs the tokens of the site', needs: ['settings'], run: checkToken },
];

/** The end of the session. */
export const revocationCheck: Check = {
  id: 'revocation',
  title: 'A revoked session is refused',
  needs: ['exchange', 'gate'],
  // In mode monitor the gate lets everybody pass.
  isDue: ({ token, isAccepted, status }) =>
    Boolean(token?.isOfBroker && isAccepted) &&
    !status?.warnings.some((warning) => warning.startsWith('The mode is monitor')),
  run: checkRevocation,
};

async function checkSignUp(trial: Trial): Promise<Finding[]> {
  const proof = await makeProof(trial);
  if (proof.finding) return [proof.finding];
  const email = `doctor-${crypto.randomUUID()}@${trial.policy?.throwaway.emailDomain ?? 'visitor.invalid'}`;
  const password = crypto.randomUUID();
  const data = proof.text === undefined ? undefined : { [proofField]: proof.text };
  const signedUp = await send(trial, `${trial.identityUrl}/signup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password, data }),
  });
  const { id, app_metadata: appMetadata } = signedUp?.json ?? {};
  if (signedUp?.status !== 200 || typeof id !== 'string') return [await explainSignUp(trial, signedUp)];
  trial.user = { id, email, password };
  const { roles } = (appMetadata ?? {}) as { roles?: unknown };
  const isMarked = Array.isArray(roles) && roles.length === 1 && roles[0] === throwawayRole;
  const hasAdmission = trial.policy?.admission ?? trial.metadata?.daypass_admission;
  if (hasAdmission && !isMarked) return [finding('event_function_not_called')];
  return logIn(trial);
}

async function logIn(trial: Trial): Promise<Finding[]> {
  const { user } = trial;
  if (!user) return [];
  const { email: username, password } = user;
  const answer = await send(trial, `${trial.identityUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', username, password }),
  });
  const { access_token: token } = answer?.json ?? {};
  if (typeof token === 'string') {
    user.identityToken = token;
    return [];
  }
  const detail = `POST /token gave ${describeAnswer(answer)}.`;
  return [finding(answer?.status === 429 ? 'rate_limited' : 'log_in_failed', { detail })];
}

async function explainSignUp(trial: Trial, answer: Answer | undefined): Promise<Finding> {
  const detail = `POST /signup gave ${describeAnswer(answer)}.`;
  if (answer?.status === 429) return finding('rate_limited', { detail });
  // GoTrue's words for an event that was refused (netlify/gotrue, api/hooks.go).
  if (answer?.status === 422 && (await verifiesOurEvents(trial))) return finding('webhook_secret_differs');
  return finding(answer ? 'admission_denied' : 'identity_not_found', { detail });
}

/**
 * Whether the site's event function takes an event that the webhook secret at hand has signed. It is of a kind that no handler
 * is for, so nothing happens.
 */
async function verifiesOurEvents(trial: Trial): Promise<boolean> {
  const secret = trial.variables.IDENTITY_WEBHOOK_SECRET;
  if (!secret || whyUnsigned(trial) !== undefined) return false;
  const body = JSON.stringify({ event: 'doctor', user: {} });
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  const signature = await new SignJWT({ sha256: Buffer.from(digest).toString('hex') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('gotrue')
    .setIssuedAt(Math.floor(trial.now() / 1000))
    .sign(new TextEncoder().encode(secret));
  const answer = await send(trial, '/.netlify/functions/identity', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-signature': signature },
    body,
  });
  return answer !== undefined && answer.status < 300;
}

/** Makes the proof that the site asks for. */
async function makeProof(trial: Trial): Promise<{ text?: string; finding?: Finding }> {
  const answer = await send(trial, challengePath);
  const challenge = answer?.json as ChallengeResponse | undefined;
  if (challenge?.proof === 'turnstile') return { finding: finding('turnstile_no_trial') };
  if (challenge?.proof !== 'proof-of-work') return {};
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), challenge.expires_in * 1000);
  const solution = await solve(
    { challenge: challenge.challenge, counterStart: 0, counterStep: 1 },
    () => undefined,
    controller,
  )
    // Without a proof the sign-up is denied, and says so.
    .catch(() => undefined)
    .finally(() => clearTimeout(timer));
  if (!solution) return {};
  return { text: btoa(JSON.stringify({ challenge: challenge.challenge, solution })) };
}

async function checkExchange(trial: Trial): Promise<Finding[]> {
  const token = JSON.stringify({ url: trial.identityUrl, token: 'not-the-operator-token' });
  const asPlatform = await exchange(trial, { 'x-nf-identity-info': btoa(token) });
  // Believed, the field has made the broker fail, and the user is as it was.
  const isBelieved = asPlatform?.code === 'operator_token_refused';
  const answer = isBelieved ? await exchange(trial) : asPlatform;
  const text = answer?.json.access_token;
  if (typeof text !== 'string') return [explainExchange(answer)];
  if (trial.user) trial.user.isGone = true;
  const read = readToken(text, true);
  if (read) trial.token = read;
  const detail = 'x-nf-identity-info of this machine gave the broker its operator token.';
  return isBelieved ? [finding('platform_fields_believed', { detail })] : [];
}

function exchange(trial: Trial, headers: Record<string, string> = {}): Promise<Answer | undefined> {
  return send(trial, tokenPath, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token_type: jwtTokenType,
      subject_token: trial.user?.identityToken ?? '',
      ...(trial.audience !== undefined && { audience: trial.audience }),
    }),
  });
}

function explainExchange(answer: Answer | undefined): Finding {
  const detail = `POST ${tokenPath} gave ${describeAnswer(answer)}.`;
  if (answer?.code === 'rate_limited') return finding('rate_limited', { detail });
  if (answer?.code === 'not_throwaway') return finding('not_throwaway', { detail });
  return finding('exchange_refused', { detail });
}

/** Whether site and environment at hand agree; without an exchange, a token of our own goes to the gate. */
async function checkToken(trial: Trial): Promise<Finding[]> {
  const here = await keyIdHere(trial);
  if (trial.token && here !== undefined && here !== trial.token.keyId) {
    const detail = `Its key id is ${here}, that of the site's tokens ${trial.token.keyId}.`;
    return [finding('secret_here_differs', { detail })];
  }
  if (!trial.token) {
    const minted = await mintHere(trial, 'primary', 'site');
    if (minted) trial.token = minted;
  }
  const unused = describeUnused(trial);
  return unused.length === 0 ? [] : [finding('secret_unused', { detail: unused.join(' ') })];
}

const pollMilliseconds = 500;

/** The gate relies on what Redis said for the lease of its policy, a second unless set otherwise. */
async function checkRevocation(trial: Trial): Promise<Finding[]> {
  const { token } = trial;
  if (!token) return [];
  await revoke(trial, token);
  const leaseSeconds = trial.policy?.limits.leaseSeconds ?? 1;
  for (let waited = 0; waited <= (leaseSeconds + 3) * 1000; waited += pollMilliseconds) {
    const answer = await callGate(trial, token.text);
    if (answer?.status === 401 && !answer.headers.has('ratelimit')) return [];
    if (answer?.code === 'rate_limited') return [];
    await trial.wait(pollMilliseconds);
  }
  return [finding('revocation_unseen')];
}

async function revoke(trial: Trial, token: TrialToken): Promise<void> {
  const body = new URLSearchParams({ token: token.text });
  const answer = await send(trial, revokePath, { method: 'POST', body });
  token.isRevoked = answer?.status === 200;
}

/**
 * Ends the session and deletes the user of the trial, as far as that can be done from here.
 * @returns the e-mails of users that stay
 */
export async function cleanUp(trial: Trial): Promise<string[]> {
  const { token, user } = trial;
  if (token?.isOfBroker && !token.isRevoked) await revoke(trial, token);
  if (!user || user.isGone) return [];
  const { IDENTITY_OPERATOR_TOKEN: operatorToken, IDENTITY_URL: url = '' } = trial.variables;
  // It opens all of Identity: it goes only where the owner's own variable leads, never where a site or an option does.
  const isOwn = url.replace(/\/+$/, '') === trial.identityUrl && isConfidential(url);
  if (operatorToken && isOwn && isUserId(user.id)) {
    const admin = createAdminClient({ url: trial.identityUrl, fetch: trial.fetch });
    const isGone = await admin.deleteUser(user.id, operatorToken, AbortSignal.timeout(5000)).then(
      () => true,
      () => false,
    );
    if (isGone) return [];
  }
  return [user.email];
}

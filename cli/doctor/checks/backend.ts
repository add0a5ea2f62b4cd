import { codeRow, type ErrorCode } from '../../../src/protocol/codes.ts';
import { type Finding, type FindingId, finding } from '../findings.ts';
import { type Answer, type Check, callGate, describeAnswer, send, type Trial } from '../trial.ts';
import { issuerHere, mintHere } from './token.ts';

/** The backend around the gate: whether anybody reaches it, and who gets in. */
export const aroundCheck: Check = {
  id: 'around',
  title: 'The backend around the gate',
  needs: ['upstream'],
  isDue: ({ backendUrl }) => backendUrl !== undefined,
  run: checkAround,
};

/** A call with a token, through the gate. */
export const callCheck: Check = {
  id: 'call',
  title: 'A call through the gate with a token',
  needs: ['gate', 'upstream', 'clocks', 'around'],
  isDue: ({ token }) => token !== undefined,
  run: checkCall,
};

/** That the backend can be reached around the gate is worth a word once all else is well. */
export const openCheck: Check = {
  id: 'open',
  title: 'Only the gate reaches the backend',
  needs: ['around', 'call'],
  isDue: ({ isOpen }) => isOpen === true,
  run: async () => [finding('upstream_open')],
};

/** A JWT without a valid signature: a backend that accepts it verifies nothing. */
const forged = [
  Buffer.from('{"alg":"HS256","typ":"JWT","kid":"daypass-"}'),
  Buffer.from('{"sub":"anon_AAAAAAAAAAAAAAAAAAAAAA"}'),
  Buffer.alloc(32),
]
  .map((part) => part.toString('base64url'))
  .join('.');

function callBackend(trial: Trial, path: string, token?: string): Promise<Answer | undefined> {
  const url = (trial.backendUrl ?? '').replace(/\/+$/, '') + path;
  return send(trial, url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
}

async function checkAround(trial: Trial): Promise<Finding[]> {
  const without = await callBackend(trial, trial.path);
  // Only the gate reaches it.
  if (!without) return [];
  if (without.clock !== undefined) trial.clocks.backend = without.clock;
  const answer = isSuccess(without) ? without : await callBackend(trial, trial.path, forged);
  if (answer && isSuccess(answer)) {
    const how = answer === without ? 'without a token' : 'with a token that nobody signed';
    return [finding('backend_unprotected', { detail: `GET ${trial.path} ${how} gave ${answer.status}.` })];
  }
  trial.isOpen = true;
  return [];
}

const isSuccess = ({ status }: Answer) => status >= 200 && status < 300;

/** What the codes of a backend mean that has verified a fresh token. */
const causesByCode: Readonly<Record<string, FindingId>> = {
  token_key: 'backend_secret_differs',
  token_signature: 'backend_secret_differs',
  token_issuer: 'backend_issuer_differs',
  token_audience: 'backend_audience_differs',
  token_deploy_context: 'backend_deploy_context_refused',
  token_expired: 'clock_backend',
  token_not_yet_valid: 'clock_backend',
  token_missing: 'backend_gets_no_token',
  insufficient_scope: 'backend_scope_missing',
};

async function checkCall(trial: Trial): Promise<Finding[]> {
  const { token, path } = trial;
  if (!token) return [];
  const answer = await callGate(trial, token.text);
  const detail = `GET ${path} with a token gave ${describeAnswer(answer)}.`;
  if (!answer) return [finding('gate_failed', { detail })];
  if (answer.code === 'rate_limited') return [finding('rate_limited', { detail })];
  const isOfBackend = answer.headers.has('ratelimit');
  trial.isAccepted = isOfBackend || isSuccess(answer);
  if (isSuccess(answer)) return [];
  if (!isOfBackend) {
    // Our own token may be one that the site would not have made.
    if (!token.isOfBroker) return [];
    return [finding(answer.code === 'not_found' ? 'path_not_found' : 'gate_refuses_token', { detail })];
  }
  if (/^upstream_/.test(answer.code ?? '')) return [finding('upstream_unreachable', { detail })];
  if (answer.status === 404) return [await explainMissing(trial, detail)];
  if (answer.status >= 500) return [finding('backend_failed', { detail })];
  const isRefusal = answer.status === 401 || answer.status === 403 || answer.status === 400;
  // Methods, redirects and forms are the API's own affair: the token has passed.
  if (!isRefusal) return answer.status < 400 ? [] : [finding('path_not_found', { detail })];
  return [await explainRefusal(trial, answer, detail)];
}

async function explainRefusal(trial: Trial, { code = '' }: Answer, detail: string): Promise<Finding> {
  const id = causesByCode[code] ?? 'backend_refuses_token';
  if (id === 'backend_secret_differs') {
    const old = await mintHere(trial, 'secondary', 'site');
    const answer = old && (await callGate(trial, old.text));
    if (answer && isSuccess(answer)) {
      return finding('backend_secret_old', { detail: `${detail} One that the old secret signed passed.` });
    }
  }
  const guess = id === 'backend_refuses_token' ? await findAccepted(trial) : undefined;
  // The log of the backend blames the token, not the clock.
  const logged = id === 'clock_backend' ? ` ${codeRow(code as ErrorCode).reason}` : '';
  return guess ?? finding(id, { detail: `${detail}${logged} ${describeToken(trial)}` });
}

/**
 * What a backend expects that does not say why it refuses: tokens that the secret at hand signs, each with one claim changed as
 * people write it, go to the backend around the gate.
 */
async function findAccepted(trial: Trial): Promise<Finding | undefined> {
  const issuer = issuerHere(trial);
  const swapped = issuer.startsWith('https:')
    ? issuer.replace('https:', 'http:')
    : issuer.replace('http:', 'https:');
  const variants: readonly [FindingId, { issuer?: string; deployContext?: string }][] = [
    ['backend_issuer_differs', { issuer: `${issuer}/` }],
    ['backend_issuer_differs', { issuer: swapped }],
    ['backend_issuer_differs', { issuer: `${swapped}/` }],
    ['backend_deploy_context_refused', { deployContext: 'production' }],
  ];
  if (!trial.isOpen) return undefined;
  for (const [id, claims] of variants) {
    const token = await mintHere(trial, 'primary', 'backend', claims);
    const answer = token && (await callBackend(trial, trial.path, token.text));
    if (answer && isSuccess(answer)) {
      return finding(id, {
        detail: `It accepts a token with ${JSON.stringify(claims)}; ${describeToken(trial)}`,
      });
    }
  }
  return undefined;
}

function describeToken({ token }: Trial): string {
  const { iss, aud, deploy_context } = token?.claims ?? {};
  return `The token has issuer ${iss}, audience ${aud}, deploy context ${deploy_context}, key id ${token?.keyId}.`;
}

/** Whether the backend would answer under another path. */
async function explainMissing(trial: Trial, detail: string): Promise<Finding> {
  const { path, backendUrl } = trial;
  const shorter = path.replace(/^\/[^/]+(?=\/)/, '');
  if (backendUrl !== undefined && shorter !== path && shorter !== '/') {
    const answer = await callBackend(trial, shorter);
    if (answer && answer.status !== 404) {
      return finding('prefix_stripped', { detail: `It answers at ${shorter}, and not at ${path}.` });
    }
  }
  return finding('path_not_found', { detail });
}

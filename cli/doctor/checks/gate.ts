import { tokenPath } from '../../../src/protocol/wire.ts';
import { type Finding, finding } from '../findings.ts';
import { type Answer, type Check, callGate, describeAnswer, send, type Trial } from '../trial.ts';

/** The gate, as callers without a token and pages of other origins meet it. */
export const gateChecks: readonly Check[] = [
  { id: 'gate', title: 'The gate stands in front of the API', needs: ['settings'], run: checkGate },
  {
    id: 'cors',
    title: 'Pages of other origins may call',
    needs: ['gate'],
    isDue: ({ origins }) => origins.length > 0,
    run: checkOrigins,
  },
];

async function checkGate(trial: Trial): Promise<Finding[]> {
  // No backend answers so: only the gate looks at the path before the token, in mode monitor too.
  const odd = await send(trial, `${trial.path}%5C`);
  if (odd?.code === 'not_configured') return [finding('gate_not_configured')];
  if (odd?.code === 'path_refused') return [];
  const plain = await callGate(trial);
  if (plain && isOfGate(plain)) return [];
  const detail = `GET ${trial.path} without a token gave ${describeAnswer(plain)}.`;
  const hasFailed = plain !== undefined && plain.status >= 500 && plain.code === undefined;
  return [finding(hasFailed ? 'gate_failed' : 'gate_not_routed', { detail })];
}

/** A backend's own refusal names no origins in `Vary`. */
function isOfGate({ headers, code }: Answer): boolean {
  return code !== undefined && headers.get('vary') === 'Authorization, X-Daypass, Origin';
}

async function checkOrigins(trial: Trial): Promise<Finding[]> {
  const refused: string[] = [];
  for (const origin of trial.origins) {
    const isAllowed = await Promise.all([
      mayCall(trial, { origin, path: tokenPath, method: 'POST' }),
      mayCall(trial, { origin, path: trial.path, method: 'GET' }),
    ]);
    if (!isAllowed.every(Boolean)) refused.push(origin);
  }
  if (refused.length === 0) return [];
  return [finding('origin_not_allowed', { detail: `Refused: ${refused.join(', ')}.` })];
}

/** Sends the preflight of a page (Fetch standard, CORS-preflight fetch). */
async function mayCall(
  trial: Trial,
  { origin, path, method }: { origin: string; path: string; method: string },
): Promise<boolean> {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization',
  };
  const answer = await send(trial, path, { method: 'OPTIONS', headers });
  const allowed = answer?.headers.get('access-control-allow-origin');
  return allowed === origin || allowed === '*';
}

import { identityPath } from '../../../src/protocol/wire.ts';
import { type Finding, finding } from '../findings.ts';
import { type Check, describeAnswer, send, type Trial } from '../trial.ts';
import { said } from './broker.ts';

/** Identity, and the guard in front of it. */
export const identityChecks: readonly Check[] = [
  { id: 'identity', title: 'Identity admits throwaway users', needs: ['settings'], run: checkIdentity },
  {
    id: 'guard',
    title: 'The sign-up guard stands in front of Identity',
    needs: ['identity'],
    isDue: ({ site, identityUrl }) => new URL(identityUrl).origin === site,
    run: checkGuard,
  },
];

async function checkIdentity(trial: Trial): Promise<Finding[]> {
  const found = said(trial, [
    'identity',
    'operator_token',
    'audience',
    'identity_jwt_secret',
    'email',
    'registration',
    'autoconfirm',
  ]);
  if (found.length > 0) return found;
  const answer = await send(trial, `${trial.identityUrl}/settings`);
  if (answer?.status === 200 && typeof answer.json.disable_signup === 'boolean') return [];
  const detail = `GET ${new URL(trial.identityUrl).pathname}/settings gave ${describeAnswer(answer)}.`;
  return [finding('identity_not_found', { detail })];
}

/** Paths that servers read in two ways, and audiences, are refused by the guard and by nothing behind it. */
async function checkGuard(trial: Trial): Promise<Finding[]> {
  const byPath = await send(trial, `${identityPath}/settings%5Cdoctor`);
  if (byPath?.code === 'path_refused') return [];
  // A proxy in front of the guard that normalises paths leaves fields alone.
  const byAudience = await send(trial, `${identityPath}/settings`, { headers: { 'x-jwt-aud': 'doctor' } });
  if (byAudience?.code === 'audience_refused') return [];
  const detail = `A path with %5C gave ${describeAnswer(byPath)}, X-JWT-AUD ${describeAnswer(byAudience)}.`;
  return [finding('guard_missing', { detail })];
}

import type { Checks } from './checks.ts';
import { defaultProofOfWork } from './defaults.ts';
import type { Admission, CheckedAdmission, ProofOfWork } from './types.ts';

const mostUnits = 1_000_000;

/** Checks `admission` and fills in its defaults. */
export function checkAdmission(checks: Checks, input: Admission): CheckedAdmission {
  checks.knownKeys('admission', input, ['proof', 'members', 'proofOfWork', 'turnstile']);
  const { proof = 'none', members = 'allow', turnstile } = input;
  checks.oneOf('admission.proof', proof, ['none', 'proof-of-work', 'turnstile']);
  checks.oneOf('admission.members', members, ['allow', 'deny']);
  checks.that(
    proof !== 'turnstile' || turnstile !== undefined,
    "admission.turnstile: proof 'turnstile' needs the siteKey of a widget, from Cloudflare's dashboard",
  );
  return {
    proof,
    members,
    proofOfWork: checkProofOfWork(checks, input.proofOfWork ?? {}),
    turnstile: turnstile && checkTurnstile(checks, turnstile),
  };
}

function checkProofOfWork(checks: Checks, input: ProofOfWork): Required<ProofOfWork> {
  const at = 'admission.proofOfWork';
  checks.knownKeys(at, input, Object.keys(defaultProofOfWork));
  const { difficulty, highestDifficulty, calmPerMinute, ttlSeconds } = { ...defaultProofOfWork, ...input };
  checks.wholeNumber(`${at}.difficulty`, difficulty, 1, mostUnits);
  checks.wholeNumber(`${at}.highestDifficulty`, highestDifficulty, 1, mostUnits);
  checks.that(difficulty <= highestDifficulty, `${at}.highestDifficulty: must not be below difficulty`);
  checks.wholeNumber(`${at}.calmPerMinute`, calmPerMinute, 1, mostUnits);
  checks.wholeNumber(`${at}.ttlSeconds`, ttlSeconds, 30, 3600);
  return { difficulty, highestDifficulty, calmPerMinute, ttlSeconds };
}

function checkTurnstile(checks: Checks, input: { siteKey: string }): { siteKey: string } {
  checks.knownKeys('admission.turnstile', input, ['siteKey']);
  const { siteKey } = input;
  checks.that(
    typeof siteKey === 'string' && /^[\w-]{1,100}$/.test(siteKey),
    "admission.turnstile.siteKey: copy the site key, not the secret key, from Cloudflare's dashboard",
  );
  return { siteKey };
}

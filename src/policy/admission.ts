import type { Checks } from './checks.ts';
import type { Admission, CheckedAdmission, ProofKind, ProofOfWork } from './types.ts';

const maxUnits = 1_000_000;

export const defaultProofOfWork = {
  difficulty: 1000,
  maxDifficulty: 16_000,
  baselinePerMinute: 60,
  ttlSeconds: 300,
} as const satisfies ProofOfWork;

const proofKinds: readonly ProofKind[] = ['none', 'proof-of-work', 'turnstile'];

/** Checks `admission` and fills in its defaults. */
export function checkAdmission(checks: Checks, input: Admission): CheckedAdmission {
  const given: Admission =
    checks.object('admission', input, ['proof', 'members', 'proofOfWork', 'turnstile']) ?? {};
  const { proof = 'none', members = 'allow', proofOfWork, turnstile } = given;
  checks.oneOf('admission.proof', proof, proofKinds);
  checks.oneOf('admission.members', members, ['allow', 'deny']);
  return {
    proof,
    members,
    proofOfWork: checkProofOfWork(
      checks,
      isSettingOf(checks, 'proof-of-work', proof, 'proofOfWork', proofOfWork) ? proofOfWork : {},
    ),
    turnstile: isSettingOf(checks, 'turnstile', proof, 'turnstile', turnstile)
      ? checkTurnstile(checks, turnstile)
      : undefined,
  };
}

/** Whether these settings are read at all. With another proof they would have no effect. */
function isSettingOf(
  checks: Checks,
  kind: ProofKind,
  proof: ProofKind,
  field: keyof Admission,
  value: unknown,
): boolean {
  if (proof === kind) return true;
  // A proof that there is not is a problem of its own.
  if (value !== undefined && proofKinds.includes(proof)) {
    const remedy = `set proof: '${kind}', or leave it out`;
    checks.problems.push(`admission.${field}: has no effect with proof '${proof}'; ${remedy}`);
  }
  return false;
}

function checkProofOfWork(checks: Checks, input: ProofOfWork = {}): Required<ProofOfWork> {
  const at = 'admission.proofOfWork';
  const usual = defaultProofOfWork;
  const {
    difficulty = usual.difficulty,
    maxDifficulty = usual.maxDifficulty,
    baselinePerMinute = usual.baselinePerMinute,
    ttlSeconds = usual.ttlSeconds,
  }: ProofOfWork = checks.object(at, input, Object.keys(usual)) ?? {};
  const fits = checks.wholeNumber(`${at}.difficulty`, difficulty, 1, maxUnits);
  const maxFits = checks.wholeNumber(`${at}.maxDifficulty`, maxDifficulty, 1, maxUnits);
  checks.that(
    !fits || !maxFits || difficulty <= maxDifficulty,
    `${at}.maxDifficulty: must not be below difficulty`,
  );
  checks.wholeNumber(`${at}.baselinePerMinute`, baselinePerMinute, 1, maxUnits);
  checks.wholeNumber(`${at}.ttlSeconds`, ttlSeconds, 30, 3600);
  return { difficulty, maxDifficulty, baselinePerMinute, ttlSeconds };
}

function checkTurnstile(checks: Checks, input: Admission['turnstile']): { siteKey: string } | undefined {
  const at = 'admission.turnstile';
  if (input === undefined) {
    checks.that(false, `${at}: proof 'turnstile' needs the siteKey of a widget, from Cloudflare's dashboard`);
    return undefined;
  }
  const given = checks.object(at, input, ['siteKey']);
  if (!given) return undefined;
  checks.text(
    `${at}.siteKey`,
    given.siteKey,
    /^[\w-]{1,100}$/,
    "copy the site key, not the secret key, from Cloudflare's dashboard",
  );
  return { siteKey: given.siteKey };
}

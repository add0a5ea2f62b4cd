import { formatDiagnosis } from '../cli/doctor/report.ts';
import type { NamedSetup } from './setups.ts';
import { diagnoseSetup } from './support/stand.ts';

/** A compact JWS (RFC 7515 §7.1). */
const jwt = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{20,}/;

/**
 * Has doctor look at a set-up.
 * @returns what is wrong with what it said: a finding that is missing, one too many, or a secret
 */
export async function checkSetup(
  setup: NamedSetup,
  redisBackend: 'redis-server' | 'memory',
): Promise<string[]> {
  const { diagnosis, secrets } = await diagnoseSetup(setup, redisBackend);
  const { findings } = diagnosis;
  const expected: readonly string[] = setup.expected === undefined ? [] : [setup.expected];
  const found = findings.map(({ id }) => id);
  const output = JSON.stringify(diagnosis) + formatDiagnosis(diagnosis, { hasColours: false });
  return [
    ...expected.filter((id) => !found.includes(id as (typeof found)[number])).map((id) => `missing: ${id}`),
    ...findings
      .filter(({ id }) => !expected.includes(id))
      .map(({ id, what, detail }) => `one too many: ${id}: ${what} ${detail ?? ''}`),
    ...(secrets.some((secret) => secret && output.includes(secret)) ? ['a secret is in the output'] : []),
    ...(jwt.test(output) ? ['a token is in the output'] : []),
    // Nothing may stay of a trial that came through.
    ...(expected.length === 0 && diagnosis.leftovers.length > 0 ? ['a user was left behind'] : []),
  ];
}

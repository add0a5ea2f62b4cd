import { SecretChecks } from '../../../src/token/keys.ts';
import { isConfidential } from '../../site.ts';
import { type Finding, finding } from '../findings.ts';
import { type Check, send, type Trial } from '../trial.ts';

/** What only the owner can look at: the environment at hand, and the Redis that it names. */
export const ownerChecks: readonly Check[] = [
  {
    id: 'secrets-here',
    title: 'Secrets of the environment at hand',
    needs: ['settings'],
    isDue: (trial) => secretNames(trial).some((name) => trial.variables[name]),
    run: checkSecretsHere,
  },
  {
    id: 'redis-here',
    title: 'Redis keeps what it is given',
    needs: ['redis'],
    isDue: ({ variables }) => Boolean(variables.UPSTASH_REDIS_REST_URL && variables.UPSTASH_REDIS_REST_TOKEN),
    run: checkEviction,
  },
];

/** The variables that hold secrets, as far as they are known here. */
function secretNames({ policy }: Trial): string[] {
  const audiences = Object.values(policy?.audiences ?? {});
  const named = audiences.flatMap(({ secretVariable, secondarySecretVariable }) => [
    secretVariable,
    ...(secondarySecretVariable === undefined ? [] : [secondarySecretVariable]),
  ]);
  return ['DAYPASS_PRIVATE_SECRET', ...(policy ? named : ['DAYPASS_SECRET', 'DAYPASS_SECRET_SECONDARY'])];
}

async function checkSecretsHere(trial: Trial): Promise<Finding[]> {
  const problems: string[] = [];
  const secrets = new SecretChecks(problems);
  for (const name of secretNames(trial)) secrets.optional(name, trial.variables[name] || undefined);
  if (problems.length === 0) return [];
  const what = 'A secret of the environment here can be guessed, or is used twice.';
  return [finding('secret_weak', { what, remedy: problems.join('\n') })];
}

/** Redis's own `INFO` (redis.io); a Redis that does not offer it says nothing here. */
async function checkEviction(trial: Trial): Promise<Finding[]> {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = trial.variables;
  const answer = isConfidential(url)
    ? await send(trial, url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(['INFO', 'memory']),
      })
    : undefined;
  const info = typeof answer?.json.result === 'string' ? answer.json.result : '';
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  const isUnbounded = /^maxmemory:0\s*$/m.test(info);
  if (policy === 'noeviction' || isUnbounded) return [];
  return [finding('redis_evicts', { detail: `maxmemory-policy is ${policy}.` })];
}

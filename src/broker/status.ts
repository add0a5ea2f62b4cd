import type { IdentitySettings } from '../identity/client.ts';
import { DaypassError } from '../protocol/error.ts';
import type { StatusCheck, StatusResponse } from '../protocol/messages.ts';
import { autoconfirmRemedy, registrationRemedy } from '../protocol/remedies.ts';
import type { BrokerDependencies } from './dependencies.ts';
import { warningsOf } from './warnings.ts';

const timeoutMilliseconds = 3000;

/**
 * Looks whether everything that an exchange needs is there and switched on. Names settings, says no secret.
 */
export async function checkStatus(broker: BrokerDependencies): Promise<StatusResponse> {
  const [settings, redis] = await Promise.all([askIdentity(broker), checkRedis(broker)]);
  const checks: StatusCheck[] = [
    // A broker whose secrets are missing is not built at all: see `statusOfProblems`.
    { name: 'secrets', ok: true },
    ...checkIdentity(broker, settings),
    redis,
    checkUpstreams(broker),
  ];
  return {
    ok: checks.every((check) => check.ok),
    checks,
    warnings: warningsOf(broker, settings),
  };
}

/** The status of a site whose environment or policy is at fault. */
export function statusOfProblems(problems: readonly string[]): StatusResponse {
  return { ok: false, checks: [{ name: 'secrets', ok: false, remedy: problems.join('\n') }], warnings: [] };
}

async function askIdentity(broker: BrokerDependencies): Promise<IdentitySettings | undefined> {
  try {
    return await broker.identity.getSettings(AbortSignal.timeout(timeoutMilliseconds));
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    return undefined;
  }
}

function checkIdentity(broker: BrokerDependencies, settings: IdentitySettings | undefined): StatusCheck[] {
  if (!settings) {
    const remedy =
      'Identity did not answer. Enable it: Project configuration > Identity > Enable Identity; with a GoTrue of your own, check IDENTITY_URL.';
    return [line('identity', false, remedy)];
  }
  const operator = broker.operatorToken() !== undefined;
  return [
    line('identity', operator, 'Enable Identity: Project configuration > Identity > Enable Identity.'),
    line('registration', settings.registrationOpen, registrationRemedy),
    line('autoconfirm', settings.autoconfirm, autoconfirmRemedy),
  ];
}

function checkUpstreams({ missingUpstreams }: BrokerDependencies): StatusCheck {
  const remedy = `Set ${missingUpstreams.join(', ')} to the URL of your backend in the environment of the site.`;
  return line('upstream', missingUpstreams.length === 0, remedy);
}

async function checkRedis(broker: BrokerDependencies): Promise<StatusCheck> {
  try {
    await broker.pingStore();
    return { name: 'redis', ok: true };
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    return line(
      'redis',
      false,
      'Redis did not answer. Check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN in the environment of the site.',
    );
  }
}

function line(name: StatusCheck['name'], ok: boolean, remedy: string): StatusCheck {
  return ok ? { name, ok } : { name, ok, remedy };
}

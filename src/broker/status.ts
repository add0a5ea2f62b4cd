import { DaypassError } from '../protocol/error.ts';
import type { StatusCheck, StatusResponse } from '../protocol/messages.ts';
import { autoconfirmRemedy, registrationRemedy } from '../protocol/remedies.ts';
import type { BrokerDependencies } from './dependencies.ts';

const timeoutMilliseconds = 3000;

/**
 * Looks whether everything that an exchange needs is there and switched on. Names settings, says no secret.
 */
export async function checkStatus(broker: BrokerDependencies): Promise<StatusResponse> {
  const [identity, redis] = await Promise.all([checkIdentity(broker), checkRedis(broker)]);
  // A broker whose secrets are missing is not built at all: see `statusOfProblems`.
  const checks: StatusCheck[] = [{ name: 'secrets', ok: true }, ...identity, redis, checkUpstreams(broker)];
  return { ok: checks.every((check) => check.ok), checks, warnings: [] };
}

/** The status of a site whose environment or policy is at fault. */
export function statusOfProblems(problems: readonly string[]): StatusResponse {
  return { ok: false, checks: [{ name: 'secrets', ok: false, remedy: problems.join('\n') }], warnings: [] };
}

async function checkIdentity(broker: BrokerDependencies): Promise<StatusCheck[]> {
  try {
    const settings = await broker.identity.getSettings(AbortSignal.timeout(timeoutMilliseconds));
    const operator = broker.operatorToken() !== undefined;
    return [
      line('identity', operator, 'Enable Identity: Project configuration > Identity > Enable Identity.'),
      line('registration', settings.registrationOpen, registrationRemedy),
      line('autoconfirm', settings.autoconfirm, autoconfirmRemedy),
    ];
  } catch (error) {
    if (!(error instanceof DaypassError)) throw error;
    return [
      line(
        'identity',
        false,
        'Identity did not answer. Enable it: Project configuration > Identity > Enable Identity; with a GoTrue of your own, check IDENTITY_URL.',
      ),
    ];
  }
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

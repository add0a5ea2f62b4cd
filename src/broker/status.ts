import type { IdentitySettings, ListedUsers } from '../identity/client.ts';
import { signProbeToken } from '../identity/identityToken.ts';
import {
  type CauseId,
  causeOfProblem,
  causeText,
  fillCause,
  type StatusCheck,
  type StatusResponse,
} from '../protocol/causes.ts';
import { DaypassError } from '../protocol/error.ts';
import { describeRedisError, type RedisErrorReason } from '../store/redis.ts';
import type { BrokerDependencies } from './dependencies.ts';

export type StatusDependencies = Pick<
  BrokerDependencies,
  | 'policy'
  | 'deployContext'
  | 'identity'
  | 'identityBudgetMilliseconds'
  | 'identityJwtSecret'
  | 'operatorToken'
  | 'redemptions'
  | 'hasTurnstileTestKey'
  | 'upstreams'
  | 'reachUpstream'
  | 'now'
>;

/** Of a list of one user, whose metadata may be large: all that matters is that Identity lists users. */
const maxBytes = 64 * 2 ** 10;

/**
 * Tries everything that an exchange needs, and names the setting that fixes what fails, without any secret. The calls run
 * concurrently and each is bounded, so the answer takes no longer than an exchange may.
 */
export async function checkStatus(broker: StatusDependencies): Promise<StatusResponse> {
  const [settings, identity, redis, upstreams] = await Promise.all([
    attempt(() => broker.identity.getSettings(AbortSignal.timeout(broker.identityBudgetMilliseconds))),
    checkIdentity(broker),
    checkRedis(broker),
    Promise.all(upstreamsOf(broker).map((name) => checkUpstream(broker, name))),
  ]);
  const checks: StatusCheck[] = [
    // A broker whose secrets are missing is not built at all: see `statusOfProblems`.
    { name: 'secrets', ok: true },
    ...(settings instanceof DaypassError ? [identityAway] : [...identity, ...checkSettings(settings)]),
    redis,
    ...upstreams,
  ];
  return {
    ok: checks.every((check) => check.ok),
    checks,
    warnings: warningsOf(broker, settings instanceof DaypassError ? undefined : settings),
  };
}

/**
 * The status of a site that cannot be served.
 * @param name what is at fault: the environment, or the policy that could not be loaded
 */
export function statusOfProblems(problems: readonly string[], name: 'secrets' | 'policy'): StatusResponse {
  const byCause = new Map<CauseId, string[]>();
  for (const problem of problems) {
    const cause = name === 'policy' ? 'policy_invalid' : causeOfProblem(problem);
    byCause.set(cause, [...(byCause.get(cause) ?? []), problem]);
  }
  const checks = [...byCause].map(([cause, found]) =>
    line(name, false, cause, { problem: found.join('\n') }),
  );
  return { ok: false, checks, warnings: [] };
}

const identityAway = line('identity', false, 'identity_not_found');

function checkSettings({ registrationOpen, autoconfirm, emailEnabled }: IdentitySettings): StatusCheck[] {
  return [
    line('email', emailEnabled, 'email_sign_up_off'),
    line('registration', registrationOpen, 'registration_closed'),
    line('autoconfirm', autoconfirm, 'autoconfirm_off'),
  ];
}

/** What needs a token: the operator's, and one that we sign ourselves. */
async function checkIdentity(broker: StatusDependencies): Promise<StatusCheck[]> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) return [identityAway];
  const request = { page: 1, perPage: 1, audience: '', maxBytes };
  const [listed, key] = await Promise.all([
    attempt(() =>
      broker.identity.listUsers(
        request,
        operatorToken,
        AbortSignal.timeout(broker.identityBudgetMilliseconds),
      ),
    ),
    checkKey(broker),
  ]);
  const isRefused = listed instanceof DaypassError && listed.code === 'operator_token_refused';
  return [
    { name: 'identity', ok: true },
    line(
      'operator_token',
      !(listed instanceof DaypassError),
      isRefused ? 'operator_token_refused' : 'identity_list_failed',
    ),
    ...checkAudience(broker, listed),
    ...key,
  ];
}

function checkAudience(
  { policy }: StatusDependencies,
  listed: ListedUsers | 'no_filter' | 'too_large' | DaypassError,
): StatusCheck[] {
  if (listed instanceof DaypassError || typeof listed === 'string') return [];
  const { audience } = listed;
  const values = { audience: JSON.stringify(audience) };
  return [line('audience', audience === policy.identity.audience, 'identity_audience_differs', values)];
}

/**
 * Whether `IDENTITY_JWT_SECRET` is the key of Identity's tokens. Identity itself knows: for a user that does not
 * exist it answers 404 if the signature is valid, 401 if the key is wrong.
 */
async function checkKey(broker: StatusDependencies): Promise<StatusCheck[]> {
  const { identity, identityBudgetMilliseconds, identityJwtSecret, policy, now } = broker;
  if (identityJwtSecret === undefined) return [];
  const token = await signProbeToken(identityJwtSecret, { now: now(), audience: policy.identity.audience });
  const answer = await attempt(() =>
    identity.getUser(token, AbortSignal.timeout(identityBudgetMilliseconds)),
  );
  const code = answer instanceof DaypassError ? answer.code : undefined;
  if (code !== 'subject_token_user_gone' && code !== 'subject_token_rejected') return [];
  return [line('identity_jwt_secret', code === 'subject_token_user_gone', 'identity_jwt_secret_differs')];
}

function upstreamsOf({ policy }: StatusDependencies): string[] {
  return [...new Set(policy.routes.map((route) => route.upstream))];
}

async function checkUpstream(broker: StatusDependencies, variable: string): Promise<StatusCheck> {
  const url = broker.upstreams.get(variable);
  if (!url) return line('upstream', false, 'upstream_not_set', { variable });
  const prefix = url.pathname.replace(/\/+$/, '').toLowerCase();
  const doubled = broker.policy.routes.find(
    ({ path, upstream }) =>
      upstream === variable && prefix !== '' && path.toLowerCase().startsWith(`${prefix}/`),
  );
  if (doubled)
    return line('upstream', false, 'upstream_prefix_doubled', { variable, prefix, route: doubled.path });
  try {
    await broker.reachUpstream(url, AbortSignal.timeout(broker.identityBudgetMilliseconds));
    return { name: 'upstream', ok: true };
  } catch {
    return line('upstream', false, 'upstream_unreachable', { variable });
  }
}

const redisCauses: Readonly<Record<RedisErrorReason, CauseId>> = {
  unreachable: 'redis_unreachable',
  unauthorized: 'redis_token_refused',
  read_only: 'redis_read_only',
  full: 'redis_full',
  quota_exceeded: 'redis_quota_exceeded',
  unexpected: 'redis_error',
};

/** A Redis that answers a PING may still refuse to write: this reserves a user that does not exist, and releases it. */
async function checkRedis({ redemptions }: StatusDependencies): Promise<StatusCheck> {
  const id = crypto.randomUUID();
  const answer = await attempt(async () => redemptions.release(id, (await redemptions.reserve(id)) ?? ''));
  const reason = answer instanceof DaypassError ? describeRedisError(answer) : undefined;
  return reason ? line('redis', false, redisCauses[reason]) : { name: 'redis', ok: true };
}

/** What a call gives, or the way in which it failed. */
async function attempt<T>(call: () => Promise<T>): Promise<T | DaypassError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DaypassError) return error;
    throw error;
  }
}

/** @param values the values for the placeholders of the cause */
function line(
  name: StatusCheck['name'],
  ok: boolean,
  cause: CauseId,
  values?: Readonly<Record<string, string>>,
): StatusCheck {
  return ok ? { name, ok } : { name, ok, cause, ...fillCause(cause, values) };
}

const openToStrangers =
  'Registration is open and autoconfirm on: every stranger can become a logged-in Identity user for an hour. No function of the site may trust mere log-in, only roles that you gave, and Git Gateway must be limited to roles.';
const membersAllowed =
  "Anybody may sign up as a member, with any e-mail. On a site without members, deploy netlify/functions/identity.ts (createIdentityFunction) and set admission: { members: 'deny' } in daypass.config.ts.";

/**
 * What the owner should know although all is well: the side effects of what Daypass needs, and of what the policy allows.
 * @param settings what Identity says of itself; undefined where it did not answer
 */
function warningsOf(
  { policy, deployContext, hasTurnstileTestKey }: StatusDependencies,
  settings: IdentitySettings | undefined,
): string[] {
  const warnings = [];
  if (settings?.registrationOpen && settings.autoconfirm) warnings.push(openToStrangers);
  if (policy.admission?.members !== 'deny') warnings.push(membersAllowed);
  if (hasTurnstileTestKey && deployContext === 'production') warnings.push(causeText('turnstile_test_key'));
  if (policy.mode === 'monitor') warnings.push(causeText('mode_monitor'));
  if (policy.storeFailure === 'allow') warnings.push(causeText('store_failure_allow'));
  return warnings;
}

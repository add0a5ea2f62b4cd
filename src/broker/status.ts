import type { IdentitySettings, ListedUsers } from '../identity/client.ts';
import { signProbeToken } from '../identity/identityToken.ts';
import { DaypassError } from '../protocol/error.ts';
import {
  autoconfirmRemedy,
  registrationRemedy,
  type StatusCheck,
  type StatusResponse,
} from '../protocol/messages.ts';
import { describeRedisError, type RedisErrorReason } from '../store/redis.ts';
import type { BrokerDependencies } from './dependencies.ts';
import { warningsOf } from './warnings.ts';

/** One user of a list, whose metadata may be large: that Identity lists at all is what is asked. */
const maxBytes = 64 * 2 ** 10;

const environmentOfSite = 'in the environment of the site';
const enableIdentity = 'Enable Identity: Project configuration > Identity > Enable Identity.';

/**
 * Tries everything that an exchange needs, and names the setting that mends what fails. Says no secret. The calls run at
 * once and each is bounded, so the answer takes no longer than an exchange may.
 */
export async function checkStatus(broker: BrokerDependencies): Promise<StatusResponse> {
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
  return { ok: false, checks: [{ name, ok: false, remedy: problems.join('\n') }], warnings: [] };
}

const identityAway = line(
  'identity',
  false,
  'Identity did not answer. Enable it: Project configuration > Identity > Enable Identity; with a GoTrue of your own, check IDENTITY_URL.',
);

function checkSettings({ registrationOpen, autoconfirm, emailEnabled }: IdentitySettings): StatusCheck[] {
  return [
    line(
      'email',
      emailEnabled,
      'Identity takes no sign-ups with e-mail and password. On a GoTrue of your own, set GOTRUE_EXTERNAL_EMAIL_DISABLED to false.',
    ),
    line('registration', registrationOpen, registrationRemedy),
    line('autoconfirm', autoconfirm, autoconfirmRemedy),
  ];
}

/** What needs a token: the operator's, and one that we sign ourselves. */
async function checkIdentity(broker: BrokerDependencies): Promise<StatusCheck[]> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) return [line('identity', false, enableIdentity)];
  const asked = { page: 1, perPage: 1, audience: '', maxBytes };
  const [listed, key] = await Promise.all([
    attempt(() =>
      broker.identity.listUsers(asked, operatorToken, AbortSignal.timeout(broker.identityBudgetMilliseconds)),
    ),
    checkKey(broker),
  ]);
  const isRefused = listed instanceof DaypassError && listed.code === 'operator_token_refused';
  return [
    { name: 'identity', ok: true },
    line(
      'operator_token',
      !(listed instanceof DaypassError),
      isRefused
        ? `Identity refused the operator token. On Netlify, disable and enable Identity anew; with a GoTrue of your own, set IDENTITY_OPERATOR_TOKEN ${environmentOfSite} to its GOTRUE_OPERATOR_TOKEN.`
        : 'Identity listed no users for the operator token (GET /admin/users): its log says why.',
    ),
    ...checkAudience(broker, listed),
    ...key,
  ];
}

function checkAudience(
  { policy }: BrokerDependencies,
  listed: ListedUsers | 'no_filter' | 'too_large' | DaypassError,
): StatusCheck[] {
  if (listed instanceof DaypassError || typeof listed === 'string') return [];
  const { audience } = listed;
  const remedy = `Identity's audience (GOTRUE_JWT_AUD) is ${JSON.stringify(audience)}. Set identity: { audience: ${JSON.stringify(audience)} } in daypass.config.ts.`;
  return [line('audience', audience === policy.identity.audience, remedy)];
}

/**
 * Whether `IDENTITY_JWT_SECRET` is the key of Identity's tokens. Identity itself knows: of a token with the right
 * signature it says that there is no such user, of any other that it is none of its own.
 */
async function checkKey(broker: BrokerDependencies): Promise<StatusCheck[]> {
  const { identity, identityBudgetMilliseconds, identityJwtSecret, policy, now } = broker;
  if (identityJwtSecret === undefined) return [];
  const token = await signProbeToken(identityJwtSecret, { now: now(), audience: policy.identity.audience });
  const answer = await attempt(() =>
    identity.getUser(token, AbortSignal.timeout(identityBudgetMilliseconds)),
  );
  const code = answer instanceof DaypassError ? answer.code : undefined;
  if (code !== 'subject_token_user_gone' && code !== 'subject_token_rejected') return [];
  const remedy = `IDENTITY_JWT_SECRET is not the key of Identity's tokens. Set it ${environmentOfSite} to GOTRUE_JWT_SECRET of your GoTrue.`;
  return [line('identity_jwt_secret', code === 'subject_token_user_gone', remedy)];
}

function upstreamsOf({ policy }: BrokerDependencies): string[] {
  return [...new Set(policy.routes.map((route) => route.upstream))];
}

async function checkUpstream(broker: BrokerDependencies, name: string): Promise<StatusCheck> {
  const url = broker.upstreams.get(name);
  if (!url) return upstream(`Set ${name} to the URL of your backend ${environmentOfSite}.`);
  const prefix = url.pathname.replace(/\/+$/, '').toLowerCase();
  const doubled = broker.policy.routes.find(
    ({ path, upstream }) => upstream === name && prefix !== '' && path.toLowerCase().startsWith(`${prefix}/`),
  );
  if (doubled) {
    return upstream(
      `${name} ends with ${prefix}, and so begins the route ${doubled.path}: calls go to ${prefix}${prefix}/…. Leave the path out of ${name}, ${environmentOfSite}.`,
    );
  }
  try {
    await broker.reachUpstream(url, AbortSignal.timeout(broker.identityBudgetMilliseconds));
    return { name: 'upstream', ok: true };
  } catch {
    return upstream(
      `${name} does not answer. Check the URL ${environmentOfSite}, and that your backend is up.`,
    );
  }
}

function upstream(remedy: string): StatusCheck {
  return { name: 'upstream', ok: false, remedy };
}

const redisRemedies: Readonly<Record<RedisErrorReason, string>> = {
  unreachable: `Redis did not answer. Check UPSTASH_REDIS_REST_URL ${environmentOfSite}.`,
  unauthorized: `Redis refused the token. Set UPSTASH_REDIS_REST_TOKEN ${environmentOfSite} to the one of your Redis's console.`,
  read_only: `Redis refused to write. Set UPSTASH_REDIS_REST_TOKEN ${environmentOfSite} to the standard token, not the read-only one.`,
  full: 'Redis is full. Choose a larger plan, or turn eviction on, in the console of your Redis.',
  quota_exceeded: 'The quota of your Redis is spent. Choose a larger plan in its console.',
  unexpected: 'Redis answered with an error that Daypass does not know: the log says which.',
};

/** A Redis that answers a PING may still refuse to write: this reserves a user that does not exist, and releases it. */
async function checkRedis({ redemptions }: BrokerDependencies): Promise<StatusCheck> {
  const id = crypto.randomUUID();
  const answer = await attempt(async () => redemptions.release(id, (await redemptions.reserve(id)) ?? ''));
  const reason = answer instanceof DaypassError ? describeRedisError(answer) : undefined;
  return reason ? line('redis', false, redisRemedies[reason]) : { name: 'redis', ok: true };
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

function line(name: StatusCheck['name'], ok: boolean, remedy: string): StatusCheck {
  return ok ? { name, ok } : { name, ok, remedy };
}

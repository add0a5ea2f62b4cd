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

const environmentOfSite = 'in the environment of the site';
const enableIdentity = 'Enable Identity: Project configuration > Identity > Enable Identity.';

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
async function checkIdentity(broker: StatusDependencies): Promise<StatusCheck[]> {
  const operatorToken = broker.operatorToken();
  if (operatorToken === undefined) return [line('identity', false, enableIdentity)];
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
      isRefused
        ? `Identity refused the operator token. On Netlify, disable Identity and enable it again; with a GoTrue of your own, set IDENTITY_OPERATOR_TOKEN ${environmentOfSite} to its GOTRUE_OPERATOR_TOKEN.`
        : 'Identity listed no users for the operator token (GET /admin/users): its log says why.',
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
  const remedy = `Identity's audience (GOTRUE_JWT_AUD) is ${JSON.stringify(audience)}. Set identity: { audience: ${JSON.stringify(audience)} } in daypass.config.ts.`;
  return [line('audience', audience === policy.identity.audience, remedy)];
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
  const remedy = `IDENTITY_JWT_SECRET is not the key of Identity's tokens. Set it ${environmentOfSite} to GOTRUE_JWT_SECRET of your GoTrue.`;
  return [line('identity_jwt_secret', code === 'subject_token_user_gone', remedy)];
}

function upstreamsOf({ policy }: StatusDependencies): string[] {
  return [...new Set(policy.routes.map((route) => route.upstream))];
}

async function checkUpstream(broker: StatusDependencies, name: string): Promise<StatusCheck> {
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
async function checkRedis({ redemptions }: StatusDependencies): Promise<StatusCheck> {
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

const openToStrangers =
  'Registration is open and autoconfirm on: every stranger can become a logged-in Identity user for an hour. No function of the site may trust mere log-in, only roles that you gave, and Git Gateway must be limited to roles.';
const membersAllowed =
  "Anybody may sign up as a member, with any e-mail. On a site without members, set admission: { members: 'deny' } in daypass.config.ts.";
/** What a policy allows that its owner should know, in the words of the status. */
export const policyWarnings = {
  monitoring:
    "The mode is monitor: the gate lets every token pass and enforces no limit, it only counts. Set mode: 'enforce' in daypass.config.ts when the counts are as they should be.",
  unlimitedWithoutStore:
    "The policy's storeFailure is allow: while Redis is away, anyone with a valid token passes the gate without limits, and revoked sessions pass as well.",
} as const;
const turnstileTestKey =
  "TURNSTILE_SECRET_KEY is one of the test keys that Cloudflare publishes: the one that always passes admits everybody, the others admit no user. Copy the widget's secret key from Cloudflare's dashboard.";

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
  if (hasTurnstileTestKey && deployContext === 'production') warnings.push(turnstileTestKey);
  if (policy.mode === 'monitor') warnings.push(policyWarnings.monitoring);
  if (policy.storeFailure === 'allow') warnings.push(policyWarnings.unlimitedWithoutStore);
  return warnings;
}

import { type Cause, causes } from '../../src/protocol/causes.ts';
import { codeRow, type ErrorCode, repositoryUrl } from '../../src/protocol/codes.ts';
import { plainLine, plainText } from '../output.ts';

/** `broken`: visitors get no answer; `weak`: it works, and protects less than it should; `note`: good to know. */
export type Severity = 'broken' | 'weak' | 'note';

interface FindingRow extends Cause {
  readonly severity: Severity;
  /** Why it matters. */
  readonly why: string;
}

const broken = (cause: Cause, why: string): FindingRow => ({ severity: 'broken', ...cause, why });
const weak = (cause: Cause, why: string): FindingRow => ({ severity: 'weak', ...cause, why });
const note = (cause: Cause, why: string): FindingRow => ({ severity: 'note', ...cause, why });

/** What the log of the verifier says of such a token. */
const reasonOf = (code: ErrorCode) => codeRow(code).reason ?? '';

/** Why a backend refuses the tokens of its site, by the code of its refusals. */
export const backendCauses = {
  token_key: {
    what: reasonOf('token_key'),
    remedy: "Give the backend the site's DAYPASS_SECRET, to the letter, and start it again.",
  },
  token_issuer: {
    what: reasonOf('token_issuer'),
    remedy:
      'Set the issuer of the backend to that of the token: scheme, host and port, without a slash at the end.',
  },
  token_audience: {
    what: reasonOf('token_audience'),
    remedy: 'Set the audience of the backend to the name that the policy gives it.',
  },
  token_deploy_context: {
    what: reasonOf('token_deploy_context'),
    remedy:
      'Let deploy previews and dev servers use a backend of their own, which lists their deploy context, or list it here.',
  },
} as const satisfies Partial<Record<ErrorCode, Cause>>;

const noSession = 'No visitor gets a session.';
const brokerAnswersNothing = 'Broker and gate refuse every request until it is fixed.';
const brokerCannotDelete = 'The broker cannot look at throwaway users, or delete them, so it exchanges none.';
const replaysUnknown =
  'Without Redis the broker cannot know whether a user was exchanged before, so it exchanges none; each instance of the gate counts by itself.';
const everyCallFails = 'The gate lets calls through, and every one of them fails.';
const noCallPasses = 'Visitors get sessions, and every call is refused.';

/** Everything that `daypass doctor` can find, under its stable id; `docs/doctor.md` has a section for each. */
export const findings = {
  // The site
  site_unreachable: broken(
    { what: 'The site does not answer.', remedy: 'Check the URL, and that the last deploy was published.' },
    'Nothing else can be checked.',
  ),
  site_password: broken(
    {
      what: 'The site asks for a password: it is a private project.',
      remedy:
        'In Project configuration > Access & security > Visitor access, remove the password, or leave the site to those who know it.',
    },
    'Visitors get the password page in place of the broker, and so does the broker in place of Identity.',
  ),
  site_redirects: broken(
    { what: 'The site leads to another address.', remedy: 'Run doctor with that address.' },
    'The broker answers there; a redirect loses the token of a call, and the body of an exchange.',
  ),
  broker_not_found: broken(causes.broker_not_found, noSession),
  broker_failed: broken(
    {
      what: 'The broker fails before it can answer.',
      remedy: 'Look into the log of netlify/functions/session.ts: it says which import or setting it is.',
    },
    noSession,
  ),
  metadata_not_routed: weak(
    {
      what: 'The metadata of the broker is not served at /.well-known/oauth-authorization-server.',
      remedy: "Add '/.well-known/oauth-authorization-server' to config.path of netlify/functions/session.ts.",
    },
    'Clients that find the broker by RFC 8414 do not.',
  ),
  platform_fields_believed: broken(
    {
      what: 'Header fields that only the platform may set (x-nf-*) are believed when a visitor sends them.',
      remedy:
        'Where a proxy stands in front of the site, let it drop x-nf-* of requests; on Netlify itself, report it to its support.',
    },
    "A visitor can pose as the platform: name another's request, or hand a function a false operator token.",
  ),

  // What the site says of itself
  policy_invalid: broken(causes.policy_invalid, brokerAnswersNothing),
  variable_missing: broken(causes.variable_missing, brokerAnswersNothing),
  variable_invalid: broken(causes.variable_invalid, brokerAnswersNothing),
  secret_weak: broken(
    causes.secret_weak,
    'Anyone who guesses a secret can sign tokens. Broker and gate refuse to work with it.',
  ),
  sessions_not_before_ahead: broken(
    causes.sessions_not_before_ahead,
    'Each session would end as soon as it begins. Broker and gate refuse to work with it.',
  ),
  mode_monitor: weak(causes.mode_monitor, 'The API is as open as it would be without Daypass.'),
  store_failure_allow: weak(
    causes.store_failure_allow,
    'Anyone who overloads Redis, or waits for an outage, is not limited.',
  ),
  turnstile_test_key: weak(causes.turnstile_test_key, 'The proof proves nothing.'),

  // Identity
  identity_not_found: broken(causes.identity_not_found, noSession),
  operator_token_refused: broken(causes.operator_token_refused, brokerCannotDelete),
  identity_list_failed: broken(
    causes.identity_list_failed,
    'The sweep finds no users that were left behind, and exchanges may fail.',
  ),
  identity_audience_differs: broken(
    causes.identity_audience_differs,
    'Users of another audience count as members, which are never exchanged.',
  ),
  identity_jwt_secret_differs: broken(
    causes.identity_jwt_secret_differs,
    'The broker takes every Identity token for a forged one.',
  ),
  email_sign_up_off: broken(causes.email_sign_up_off, noSession),
  registration_closed: broken(causes.registration_closed, noSession),
  autoconfirm_off: broken(causes.autoconfirm_off, noSession),
  guard_missing: weak(
    {
      what: 'The sign-up guard does not stand in front of Identity.',
      remedy:
        "Deploy netlify/edge-functions/guard.ts with config = { path: '/.netlify/identity/*', onError: 'bypass' }.",
    },
    'Sign-ups and log-ins of one address are not limited, bodies may be of any size, and X-JWT-AUD makes users of another audience, which no sweep finds.',
  ),
  event_function_not_called: broken(
    {
      what: 'Identity does not call the event function that should admit throwaway users.',
      remedy:
        'Deploy netlify/functions/identity.ts with `export default { userValidate }`, written as an object literal: Netlify reads the names of events from the source. With a GoTrue of your own, set GOTRUE_WEBHOOK_URL and GOTRUE_WEBHOOK_EVENTS.',
    },
    'Users are created without the mark of admission, and count as members, which are never exchanged.',
  ),
  webhook_secret_differs: broken(
    {
      what: 'Your GoTrue signs its events with another key than the site verifies them with.',
      remedy:
        'Set IDENTITY_WEBHOOK_SECRET in the environment of the site to GOTRUE_WEBHOOK_SECRET of your GoTrue.',
    },
    'The event function refuses every event, and so Identity refuses every sign-up, of members too.',
  ),
  admission_denied: broken(causes.admission_denied, noSession),
  log_in_failed: broken(
    {
      what: 'The throwaway user was created and cannot log in.',
      remedy: 'Look into the log of Identity, and of a userLogin handler if the site has one.',
    },
    noSession,
  ),

  // Redis
  redis_unreachable: broken(causes.redis_unreachable, replaysUnknown),
  redis_token_refused: broken(causes.redis_token_refused, replaysUnknown),
  redis_read_only: broken(causes.redis_read_only, replaysUnknown),
  redis_full: broken(causes.redis_full, replaysUnknown),
  redis_quota_exceeded: broken(causes.redis_quota_exceeded, replaysUnknown),
  redis_error: broken(causes.redis_error, replaysUnknown),
  redis_evicts: weak(
    {
      what: 'Redis evicts keys when its memory is full.',
      remedy:
        'Turn eviction off in the console of your Redis (maxmemory-policy noeviction), and give Daypass a Redis of its own.',
    },
    'Revocations and the marks of users that were exchanged are keys: evicted, a revoked session works again.',
  ),

  // The exchange
  exchange_refused: broken(
    {
      what: 'The broker refused to exchange a fresh throwaway user.',
      remedy:
        'Look up the code in docs/errors.md, and the request in the log of netlify/functions/session.ts.',
    },
    noSession,
  ),
  not_throwaway: broken(
    {
      what: 'The broker takes the throwaway user for a member.',
      remedy:
        'Run doctor in the folder of the site, so that it signs up with the e-mail domain of the policy; let no other handler give throwaway users roles.',
    },
    noSession,
  ),
  turnstile_no_trial: note(
    {
      what: 'The site requires Turnstile, which no program can pass: sign-up, exchange, call and revocation were not tried.',
      remedy: 'Try the page in a browser.',
    },
    'What comes after a sign-up is unknown.',
  ),
  rate_limited: note(
    {
      what: 'A limit of the site or of Identity stopped the trial.',
      remedy: 'Wait as long as the answer says, and run doctor again.',
    },
    'What comes after it is unknown.',
  ),
  revocation_unseen: weak(
    {
      what: 'The gate lets a session pass that the broker has revoked.',
      remedy:
        'Give UPSTASH_REDIS_REST_URL and its token the scope Functions, with one value for each deploy context; deploy again.',
    },
    'A session that was ended works until its token expires, and limits are counted in two places.',
  ),

  // The gate
  gate_not_routed: broken(
    {
      what: 'The gate does not stand in front of the API.',
      remedy:
        "Deploy netlify/edge-functions/gate.ts with config = { path: '/api/*' }, the same path as the routes of the policy.",
    },
    'Calls of visitors reach no backend, or reach it around every limit.',
  ),
  gate_not_configured: broken(
    {
      what: 'The gate lacks variables that the broker has.',
      remedy:
        'Give the variables of Daypass the scope Functions, which edge functions read too, and deploy again.',
    },
    noCallPasses,
  ),
  gate_failed: broken(
    {
      what: 'The gate fails before it can answer.',
      remedy: 'Look into the log of netlify/edge-functions/gate.ts.',
    },
    noCallPasses,
  ),
  gate_refuses_token: broken(
    {
      what: 'The gate refuses the tokens of the broker.',
      remedy:
        'Give DAYPASS_SECRET and DAYPASS_SESSIONS_NOT_BEFORE one value for functions and edge functions, and deploy both from one policy.',
    },
    noCallPasses,
  ),
  origin_not_allowed: broken(
    {
      what: 'Pages of an origin that was named may not call.',
      remedy: 'List the origin under origins in daypass.config.ts, exactly as browsers send it.',
    },
    'Browsers keep every answer from such pages.',
  ),

  // The backend
  upstream_not_set: broken(causes.upstream_not_set, everyCallFails),
  upstream_prefix_doubled: broken(causes.upstream_prefix_doubled, everyCallFails),
  upstream_unreachable: broken(causes.upstream_unreachable, everyCallFails),
  upstream_open: note(
    {
      what: 'The backend can be reached around the gate.',
      remedy:
        'Where the limits must hold, let only the gate reach it: a firewall, a private network, or a field that the backend requires.',
    },
    'It verifies tokens itself, so no stranger gets in; limits and revocations of the gate do not count there.',
  ),
  backend_unprotected: broken(
    {
      what: 'The backend answers callers who have no valid token.',
      remedy:
        'Require a token at the backend too: require_daypass in Django, requireAccessToken in Hono and Express.',
    },
    'Anyone who finds the URL of the backend can use the API without a session and without limits.',
  ),
  backend_secret_differs: broken(backendCauses.token_key, noCallPasses),
  backend_secret_old: broken(
    {
      what: 'The backend has the old secret of a rotation, and not the one that the site signs with.',
      remedy:
        "Give the backend the site's DAYPASS_SECRET, and the old one as DAYPASS_SECRET_SECONDARY until the rotation is over.",
    },
    noCallPasses,
  ),
  backend_issuer_differs: broken(backendCauses.token_issuer, noCallPasses),
  backend_audience_differs: broken(backendCauses.token_audience, noCallPasses),
  backend_deploy_context_refused: broken(backendCauses.token_deploy_context, noCallPasses),
  backend_scope_missing: broken(
    {
      what: 'The backend requires a scope that the tokens of the site do not carry.',
      remedy: 'List the scope under scopes of the audience in daypass.config.ts.',
    },
    noCallPasses,
  ),
  backend_gets_no_token: broken(
    {
      what: 'The token does not reach the backend.',
      remedy:
        'Let the server in front of the backend pass Authorization on (Apache with mod_wsgi: WSGIPassAuthorization On).',
    },
    noCallPasses,
  ),
  backend_refuses_token: broken(
    {
      what: 'The backend refuses a token that the gate accepts.',
      remedy: "Compare the backend's secret, issuer, audience and deploy contexts with those of the token.",
    },
    noCallPasses,
  ),
  backend_failed: broken(
    {
      what: 'The backend fails on a call with a valid token.',
      remedy: 'Look into the log of the backend; a mistake in its settings of Daypass is one reason.',
    },
    noCallPasses,
  ),
  prefix_stripped: broken(
    {
      what: 'The backend serves its paths without the prefix that the gate sends.',
      remedy: 'Let the backend serve the path as the page calls it: the gate sends it on whole.',
    },
    'Every call ends in 404.',
  ),
  path_not_found: note(
    {
      what: 'Nothing answers at the path that was called.',
      remedy: 'Name a path that answers GET with a token: --path /api/hello.',
    },
    'Whether the backend takes the tokens of the site is unknown.',
  ),

  // Clocks
  clock_site: broken(
    {
      what: 'The clock of the broker is wrong.',
      remedy: 'Set the clock of the machine that runs it by NTP; on Netlify, report it to its support.',
    },
    'Tokens are expired, or not valid yet, wherever the clock is right.',
  ),
  clock_backend: broken(
    {
      what: 'The clock of the backend is wrong.',
      remedy: 'Set the clock of the backend by NTP (timedatectl set-ntp true).',
    },
    'It takes fresh tokens for expired ones, or for tokens of the future.',
  ),
  clock_here: note(
    { what: 'The clock of this machine is wrong.', remedy: 'Set it by NTP.' },
    'Times that doctor names are off by as much.',
  ),

  // The environment at hand
  secret_here_differs: weak(
    {
      what: 'The secret in the environment here is not the one that the site signs with.',
      remedy:
        "If this is the environment of the site or of its backend, copy the site's DAYPASS_SECRET here; otherwise run doctor without it.",
    },
    'A backend that verifies with it refuses every token of the site.',
  ),
  secret_unused: note(
    {
      what: 'Secrets of the environment here were not used: what they sign, and tokens of the owner, go only to addresses of the owner.',
      remedy:
        'Run doctor with the URL of the site that is the issuer of its tokens, over https; let the variables name https addresses.',
    },
    'Another site, or whoever listens on the way, could use what it is sent. What only the owner can see was not looked at.',
  ),
} as const satisfies Record<string, FindingRow>;

export type FindingId = keyof typeof findings;

/** What was found, in words for people and with an id for programs. */
export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  readonly what: string;
  /** What was seen. */
  readonly detail?: string;
  readonly why: string;
  readonly remedy: string;
  /** The section of docs/doctor.md. */
  readonly docs: string;
}

/**
 * A finding in the words of the table, with nothing in it that a terminal obeys: sites and tokens have a say in it.
 * @param seen `detail`: what was seen; `what` and `remedy` where the site itself has said it in full
 */
export function finding(
  id: FindingId,
  seen: { detail?: string; what?: string; remedy?: string } = {},
): Finding {
  const { severity, what, why, remedy }: FindingRow = findings[id];
  const { detail } = seen;
  return {
    id,
    severity,
    what: plainLine(seen.what ?? what),
    ...(detail !== undefined && { detail: plainLine(detail) }),
    why,
    remedy: plainText(seen.remedy ?? remedy),
    docs: `${repositoryUrl}/blob/main/docs/doctor.md#${id}`,
  };
}

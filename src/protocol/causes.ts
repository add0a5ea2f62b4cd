import { autoconfirmRemedy, identityRemedy, registrationRemedy } from './messages.ts';

/** Why something does not work, in two sentences: what is wrong, and how to fix it. */
export interface Cause {
  readonly what: string;
  readonly remedy: string;
}

const atSite = 'in the environment of the site';

/**
 * Every cause of trouble that more than one part of Daypass can name, under its stable id. `GET /session/status`, `daypass
 * doctor` and the error of a page's session take their words from here, and say what `codes.ts` says where a refusal has that cause. `{name}` stands for what is
 * known only at run time; see {@link fillCause}.
 */
export const causes = {
  policy_invalid: {
    what: 'The policy of the site is at fault.',
    remedy: '{problem}',
  },
  variable_missing: {
    what: 'A variable of the site is missing.',
    remedy: '{problem}',
  },
  variable_invalid: {
    what: 'A variable of the site is malformed.',
    remedy: '{problem}',
  },
  secret_weak: {
    what: 'A secret of the site can be guessed, or is used twice.',
    remedy: '{problem}',
  },
  sessions_not_before_ahead: {
    what: 'DAYPASS_SESSIONS_NOT_BEFORE lies in the future.',
    remedy: '{problem}',
  },
  identity_not_found: {
    what: 'Identity did not answer as expected.',
    remedy: `${identityRemedy} With a GoTrue of your own, check IDENTITY_URL.`,
  },
  operator_token_refused: {
    what: 'Identity refused the operator token of the site.',
    remedy: `On Netlify, disable Identity and enable it again; with a GoTrue of your own, set IDENTITY_OPERATOR_TOKEN ${atSite} to its GOTRUE_OPERATOR_TOKEN.`,
  },
  identity_list_failed: {
    what: 'Identity listed no users for the operator token (GET /admin/users).',
    remedy: 'Look into the log of Identity: it says why.',
  },
  identity_audience_differs: {
    what: "Identity's audience (GOTRUE_JWT_AUD) is {audience}, and the policy names another.",
    remedy: 'Set identity: { audience: {audience} } in daypass.config.ts.',
  },
  identity_jwt_secret_differs: {
    what: "IDENTITY_JWT_SECRET is not the key of Identity's tokens.",
    remedy: `Set IDENTITY_JWT_SECRET ${atSite} to GOTRUE_JWT_SECRET of your GoTrue.`,
  },
  email_sign_up_off: {
    what: 'Identity takes no sign-ups with e-mail and password.',
    remedy: 'On a GoTrue of your own, set GOTRUE_EXTERNAL_EMAIL_DISABLED to false.',
  },
  registration_closed: {
    what: 'Registration at Identity is by invitation only.',
    remedy: registrationRemedy,
  },
  autoconfirm_off: {
    what: 'Identity wants an e-mail confirmed before a user may log in.',
    remedy: autoconfirmRemedy,
  },
  admission_denied: {
    what: "The site's event function denied the sign-up of a throwaway user, or failed.",
    remedy: 'Look into the log of netlify/functions/identity.ts for admission_denied or admission_failed.',
  },
  broker_not_found: {
    what: 'The broker does not answer at /session/*.',
    remedy: 'Deploy netlify/functions/session.ts.',
  },
  redis_unreachable: {
    what: 'Redis did not answer in time.',
    remedy: `Check UPSTASH_REDIS_REST_URL ${atSite}.`,
  },
  redis_token_refused: {
    what: 'Redis refused the token.',
    remedy: `Set UPSTASH_REDIS_REST_TOKEN ${atSite} to the one of your Redis's console.`,
  },
  redis_read_only: {
    what: 'Redis refused to write.',
    remedy: `Set UPSTASH_REDIS_REST_TOKEN ${atSite} to the standard token, not the read-only one.`,
  },
  redis_full: {
    what: 'Redis is full.',
    remedy: 'Choose a larger plan in the console of your Redis.',
  },
  redis_quota_exceeded: {
    what: 'The quota of your Redis is spent.',
    remedy: 'Choose a larger plan in the console of your Redis.',
  },
  redis_error: {
    what: 'Redis answered with an error that Daypass does not know.',
    remedy: 'Look into the log of netlify/functions/session.ts: it has the error.',
  },
  upstream_not_set: {
    what: '{variable} is not set, and a route of the policy leads there.',
    remedy: `Set {variable} to the URL of your backend ${atSite}.`,
  },
  upstream_prefix_doubled: {
    what: '{variable} ends with {prefix}, and so begins the route {route}: calls go to {prefix}{prefix}/….',
    remedy: `Leave the path out of {variable}, ${atSite}.`,
  },
  upstream_unreachable: {
    what: 'The upstream could not be reached: {variable} does not answer.',
    remedy: `Check the URL ${atSite}, and that your backend is up.`,
  },
  mode_monitor: {
    what: 'The mode is monitor: the gate lets every token pass and enforces no limit, it only counts.',
    remedy: "Set mode: 'enforce' in daypass.config.ts when the counts are as they should be.",
  },
  store_failure_allow: {
    what: "The policy's storeFailure is allow: while Redis is away, anyone with a valid token passes the gate without limits, and revoked sessions pass as well.",
    remedy: "Set storeFailure: 'local' or 'deny' in daypass.config.ts.",
  },
  turnstile_test_key: {
    what: 'TURNSTILE_SECRET_KEY is one of the test keys that Cloudflare publishes: the one that always passes admits everybody, the others admit no user.',
    remedy: "Copy the widget's secret key from Cloudflare's dashboard.",
  },
} as const satisfies Record<string, Cause>;

export type CauseId = keyof typeof causes;

/** One line of `GET /session/status`. */
export interface StatusCheck {
  name:
    | 'policy'
    | 'secrets'
    | 'identity'
    | 'operator_token'
    | 'audience'
    | 'identity_jwt_secret'
    | 'email'
    | 'registration'
    | 'autoconfirm'
    | 'redis'
    | 'upstream';
  ok: boolean;
  /** What is wrong, by a stable id; absent when all is well, as are the two below. */
  cause?: CauseId;
  /** What is wrong, in a sentence. */
  what?: string;
  /** Which setting fixes it. */
  remedy?: string;
}

/** What `GET /session/status` answers. It names settings and never says a secret. */
export interface StatusResponse {
  ok: boolean;
  checks: StatusCheck[];
  /** What the owner should know although all is well, in a sentence or two each. */
  warnings: string[];
  /** The clock of the function that answers: seconds since the epoch. */
  time?: number;
}

/**
 * A cause, its placeholders filled in.
 * @param values what stands for `{name}` in the words of the cause
 * @example
 * fillCause('upstream_not_set', { variable: 'DAYPASS_UPSTREAM' });
 */
export function fillCause(id: CauseId, values: Readonly<Record<string, string>> = {}): Cause {
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
  const { what, remedy } = causes[id];
  return { what: fill(what), remedy: fill(remedy) };
}

/** What a cause says, on one line. */
export function causeText(id: CauseId, values?: Readonly<Record<string, string>>): string {
  const { what, remedy } = fillCause(id, values);
  return `${what} ${remedy}`;
}

/** The cause of a problem with a variable of the site, as `readEnvironment` words it. */
export function causeOfProblem(problem: string): CauseId {
  if (problem.startsWith('DAYPASS_SESSIONS_NOT_BEFORE must not lie ahead'))
    return 'sessions_not_before_ahead';
  if (/^\S+ is missing[.:]/.test(problem)) return 'variable_missing';
  if (
    /^\S+ (is shorter than|starts or ends with|holds white space|is a placeholder|repeats itself|equals )/.test(
      problem,
    )
  )
    return 'secret_weak';
  return 'variable_invalid';
}

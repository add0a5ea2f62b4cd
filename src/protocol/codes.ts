interface CodeRow {
  /** HTTP status of the answer. */
  status: number;
  /** `error` of RFC 6749 §5.2 or RFC 6750 §3.1. */
  error: string;
  /** One sentence for people, in the characters that RFC 6749 §5.2 allows in `error_description`. */
  description: string;
  /** The token handed in is at fault: 401 `invalid_token` where it came as a Bearer token. */
  tokenFault?: true;
  /** What is wrong with the token, in a sentence for the operator of the verifier: callers get only the code. */
  reason?: string;
}

const unavailable = 'temporarily_unavailable';
const refusedToken = 'The access token was refused.';

function subjectToken(description: string): CodeRow {
  // RFC 8693 §2.2.2: a subject_token that is invalid for any reason is invalid_request.
  return { status: 400, error: 'invalid_request', description, tokenFault: true };
}

function accessToken(reason?: string): CodeRow {
  // RFC 6750 §3.1. One text for all: only the code says what was wrong.
  const row: CodeRow = { status: 401, error: 'invalid_token', description: refusedToken, tokenFault: true };
  return reason === undefined ? row : { ...row, reason };
}

const notAccepted = (what: string) => `The token's ${what} is not one that its verifier accepts.`;

function signUp(description: string): CodeRow {
  // What GoTrue answers for a sign-up that an event function denied (netlify/gotrue, api/hooks.go). It gives no reason, so
  // the code is only in the log of the function.
  return { status: 422, error: 'invalid_request', description };
}

/**
 * Every way in which Daypass refuses, under its stable code. Programs compare `code`; the texts may change.
 */
export const codes = {
  malformed_request: {
    status: 400,
    error: 'invalid_request',
    description: 'The request could not be read.',
  },
  body_too_large: { status: 400, error: 'invalid_request', description: 'The request body is too large.' },
  content_too_large: { status: 413, error: 'invalid_request', description: 'The request body is too large.' },
  request_timeout: {
    status: 408,
    error: 'invalid_request',
    description: 'The request body did not arrive in time.',
  },
  body_budget_exhausted: {
    status: 503,
    error: unavailable,
    description: 'Too many request bodies are on their way; wait as long as Retry-After says.',
  },
  unsupported_content_type: {
    status: 400,
    error: 'invalid_request',
    description: 'Send the request as application/x-www-form-urlencoded in UTF-8.',
  },
  repeated_parameter: {
    status: 400,
    error: 'invalid_request',
    description: 'A parameter was sent more than once.',
  },
  missing_parameter: { status: 400, error: 'invalid_request', description: 'A parameter is missing.' },
  unsupported_grant_type: {
    status: 400,
    error: 'unsupported_grant_type',
    description: 'The only grant is urn:ietf:params:oauth:grant-type:token-exchange.',
  },
  unsupported_token_type: {
    status: 400,
    error: 'invalid_request',
    description:
      'subject_token_type must be urn:ietf:params:oauth:token-type:jwt or urn:ietf:params:oauth:token-type:access_token.',
  },
  invalid_target: {
    status: 400,
    error: 'invalid_target',
    description: 'The audience is unknown here, or not the one of the token.',
  },
  invalid_scope: {
    status: 400,
    error: 'invalid_scope',
    description: 'The scope is malformed, unknown, or wider than the one of the token.',
  },
  method_not_allowed: {
    status: 405,
    error: 'invalid_request',
    description: 'The method is not allowed here.',
  },
  not_found: { status: 404, error: 'invalid_request', description: 'There is no endpoint at this URL.' },
  foreign_origin: {
    status: 403,
    error: 'invalid_request',
    description: 'The request came from an origin that the policy does not list under origins.',
  },
  rate_limited: {
    status: 429,
    error: unavailable,
    description: 'Too many requests; wait as long as Retry-After says.',
  },

  token_missing: {
    status: 401,
    error: '',
    description: 'Send the token once: as Authorization: Bearer, or in X-Daypass.',
  },
  token_repeated: {
    status: 400,
    // RFC 6750 §3.1: the request uses more than one method for including an access token.
    error: 'invalid_request',
    description: 'Send the token in Authorization or in X-Daypass, not in both.',
  },
  subject_token_malformed: subjectToken('The Identity token is not a JWT in its canonical form.'),
  subject_token_algorithm: subjectToken('The Identity token is not signed with HS256.'),
  subject_token_expired: subjectToken('The Identity token has expired; log in again.'),
  subject_token_claims: subjectToken('The Identity token lacks a claim, or has one that is not allowed.'),
  subject_token_rejected: subjectToken('Identity does not accept this token.'),
  subject_token_user_gone: subjectToken('The user of this Identity token no longer exists.'),
  already_exchanged: subjectToken('This Identity user has been exchanged already; sign up a new one.'),
  not_throwaway: {
    status: 403,
    error: 'invalid_request',
    description: 'This user is not a fresh throwaway user and was not changed.',
  },

  token_malformed: accessToken(),
  token_algorithm: accessToken(),
  token_type: accessToken(),
  token_key: accessToken(notAccepted('key')),
  token_signature: accessToken(),
  token_claims: accessToken(),
  token_issuer: accessToken(notAccepted('issuer')),
  token_audience: accessToken(notAccepted('audience')),
  token_subject: accessToken(),
  token_not_yet_valid: accessToken('The token is not valid yet by the clock of its verifier.'),
  token_expired: accessToken('The token has expired by the clock of its verifier.'),
  token_lifetime: accessToken(),
  token_deploy_context: accessToken(notAccepted('deploy context')),
  token_revoked: accessToken(),
  session_ended: accessToken(),
  session_unknown: accessToken(),
  insufficient_scope: {
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks the scope required by this endpoint.',
  },
  invalid_client: {
    status: 401,
    error: 'invalid_client',
    description: 'Name the audience and its introspection secret by HTTP Basic.',
  },

  maintenance_bearer: {
    status: 401,
    error: 'invalid_token',
    description:
      'This endpoint is for the owner of the site: send the maintenance bearer (npx daypass secret --maintenance).',
  },

  members_denied: signUp('Only throwaway users may sign up at this site.'),
  proof_missing: signUp('The sign-up of a throwaway user needs a proof: user_metadata.daypass_proof.'),
  proof_malformed: signUp('The proof of the sign-up could not be read.'),
  proof_expired: signUp('The proof of the sign-up came too late; request another challenge.'),
  proof_refused: signUp('The proof of the sign-up is not valid.'),
  proof_used: signUp('The proof of the sign-up was already used for another user.'),
  turnstile_unavailable: {
    status: 503,
    error: unavailable,
    description: 'Turnstile did not answer as expected.',
  },
  audience_refused: {
    status: 403,
    error: 'invalid_request',
    description: 'X-JWT-AUD is not allowed: this site has one audience at Identity.',
  },

  path_refused: {
    status: 400,
    error: 'invalid_request',
    description:
      'The path holds what servers read in different ways: a dot segment, an encoded separator, an empty segment or a doubled encoding. A route with encodedSlashes: true takes slashes.',
  },
  upgrade_not_supported: {
    status: 501,
    error: 'invalid_request',
    description:
      'Daypass does not proxy WebSockets. Open one at the backend itself and send the access token as the first message, or use server-sent events or a streamed fetch.',
  },
  upstream_unreachable: {
    status: 502,
    error: unavailable,
    description: 'The upstream could not be reached.',
  },
  upstream_invalid_response: {
    status: 502,
    error: unavailable,
    description: 'The upstream answered with a status that HTTP does not have.',
  },
  upstream_timeout: { status: 504, error: unavailable, description: 'The upstream did not answer in time.' },
  identity_unavailable: {
    status: 503,
    error: unavailable,
    description: 'Identity did not answer as expected.',
  },
  operator_token_refused: {
    status: 503,
    error: unavailable,
    description: 'Identity refused the operator token of the site.',
  },
  identity_refused: { status: 502, error: 'server_error', description: 'Identity refused an admin call.' },
  identity_context_missing: {
    status: 500,
    error: 'server_error',
    description:
      'There is no Identity context here: admin calls work in functions of a site with Identity enabled, not at the edge, in a browser or in a build.',
  },
  store_unavailable: { status: 503, error: unavailable, description: 'Redis did not answer in time.' },
  not_configured: {
    status: 503,
    error: unavailable,
    description: 'The site is not configured; GET /session/status says what is missing.',
  },
  internal_error: { status: 500, error: 'server_error', description: 'Something went wrong on our side.' },
} as const satisfies Record<string, CodeRow>;

/** The stable code of a refusal. */
export type ErrorCode = keyof typeof codes;

/** The row of a code, with the fields that only some rows have. */
export function codeRow(code: ErrorCode): CodeRow {
  return codes[code];
}

/** Where the source and its documents are: what `homepage` and `repository` of package.json name. */
export const repositoryUrl = 'https://github.com/daypass/daypass';

/** The entry of a code in the documents: `type` of a problem (RFC 9457 §3.1.1), `error_uri` of RFC 6749 §5.2. */
export function errorPage(code: ErrorCode): string {
  return `${repositoryUrl}/blob/main/docs/errors.md#${code}`;
}

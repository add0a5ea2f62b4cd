const anotherBackend =
  'The token is of another run or another site: reload the page, so that it gets a new one; the secret in your .env must not have changed since.';
const startOver = 'The client of the page signs up again by itself; a client of your own has to.';

/** What to do on one's own machine about a refusal, by its code; those that say it themselves are not here. */
export const remedies: Readonly<Record<string, string>> = {
  token_missing:
    'The call carried no pass. Load daypass.js with data-api, or call through session.fetch() of createSession().',
  token_repeated: 'Send the pass in Authorization or in X-Daypass, not in both.',
  token_malformed:
    'This is no access token of Daypass. Does the page send a token of its own in Authorization?',
  token_algorithm:
    'This is no access token of Daypass. Does the page send a token of its own in Authorization?',
  token_type: 'This is no access token of Daypass. Does the page send a token of its own in Authorization?',
  token_claims: 'This is no access token of Daypass. Does the page send a token of its own in Authorization?',
  token_subject:
    'This is no access token of Daypass. Does the page send a token of its own in Authorization?',
  token_key: anotherBackend,
  token_signature: anotherBackend,
  token_issuer:
    'Open the page at the address that is printed at the start: it is the issuer. Your backend has to name the same.',
  token_audience: 'Name this backend as the policy does: the key under audiences in daypass.config.ts.',
  token_deploy_context:
    "A backend accepts passes of this server where deployContexts holds 'dev'; Django's does in DEBUG.",
  token_expired:
    'The pass has expired. The client of the page renews it by itself; a client of your own has to.',
  token_not_yet_valid: 'The clock of this machine differs from that of the machine that made the token.',
  token_lifetime: 'The token lives longer than Daypass allows: it was not made by the broker.',
  token_revoked: 'The session was revoked.',
  session_ended: `The session has lasted its time, or began before DAYPASS_SESSIONS_NOT_BEFORE. ${startOver}`,
  session_unknown: `The session was begun with another DAYPASS_PRIVATE_SECRET. ${startOver}`,
  insufficient_scope: 'Give the audience the scope that the route asks for: scopes in daypass.config.ts.',
  foreign_origin:
    'The page is at another origin. Open it at the address that is printed at the start, or list its origin under origins in daypass.config.ts.',
  not_found: 'No endpoint is at this path, and no route of daypass.config.ts takes it.',
  method_not_allowed: 'The route or the endpoint takes other methods: methods in daypass.config.ts.',
  rate_limited: 'Wait as long as Retry-After says, or raise limits in daypass.config.ts.',
  content_too_large: 'Raise upstream.maxBodyBytes in daypass.config.ts.',
  path_refused:
    'Call the path without dot segments and encoded slashes; encodedSlashes: true on a route takes the latter.',
  upstream_unreachable:
    'Nothing answers in HTTP at the backend. Start it, or correct --upstream: the port, and http rather than https.',
  upstream_timeout: 'The backend took too long to begin its answer.',
  upstream_invalid_response: 'The backend answers with a status outside 200 to 599: correct it there.',
  not_configured: 'Open /session/status: it names what is missing.',
  store_unavailable:
    'Redis did not answer in time. Is this machine very busy, or REDIS_URL or UPSTASH_REDIS_REST_URL away?',
  identity_unavailable: 'Identity did not answer. Check IDENTITY_URL; without it the stand-in answers.',
  operator_token_refused: 'IDENTITY_OPERATOR_TOKEN is not the one of the GoTrue at IDENTITY_URL.',
  identity_context_missing: 'Admin calls work in functions only, not in edge functions.',
  already_exchanged: `An Identity token is good for one exchange. ${startOver}`,
  subject_token_user_gone: `The user is gone: exchanged, swept, or of another run. ${startOver}`,
  subject_token_rejected: `Identity does not know the token: it is of another run. ${startOver}`,
  subject_token_expired: startOver,
  not_throwaway: 'Only throwaway users are exchanged; a member of your site is left as it is.',
  members_denied: "Your policy has admission: { members: 'deny' }: only throwaway users may sign up.",
  proof_missing: 'The policy asks for a proof: data-proof on the script tag, or prove in createSession().',
  turnstile_unavailable:
    'Cloudflare did not answer. The test keys of Turnstile need the network too; use proof-of-work offline.',
  internal_error: 'The log of the function, above, says why.',
};

/** Of those, what differs where the backend refused what the gate had let through. */
const ofBackend: Readonly<Record<string, string>> = {
  token_missing: 'It found no token in Authorization, in which the gate sends it.',
  token_key:
    'Give the backend the same DAYPASS_SECRET: the one printed at the start, or the one that you have set here.',
  token_signature:
    'Give the backend the same DAYPASS_SECRET: the one printed at the start, or the one that you have set here.',
  token_issuer: 'Give the backend the issuer printed at the start.',
  // The Go example has one code for every token that it refuses.
  token_refused: 'Give the backend secret, issuer and deploy context as printed at the start.',
};

/**
 * @param isOfBackend whether the backend refused: its codes are Daypass's where they are of a token, else its own
 */
export function remedyFor(code: string, isOfBackend: boolean): string | undefined {
  if (!isOfBackend) return remedies[code];
  const remedy = ofBackend[code] ?? (/^(token_|insufficient_scope$)/.test(code) ? remedies[code] : undefined);
  return remedy && `Your backend refused it, not the gate. ${remedy}`;
}

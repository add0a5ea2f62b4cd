/** Where the broker answers, relative to the site. */
export const tokenPath = '/session/token';
export const revokePath = '/session/revoke';
export const introspectPath = '/session/introspect';
export const statusPath = '/session/status';
/** What the proof of a sign-up starts from. */
export const challengePath = '/session/challenge';
/** Only for the site's owner, with the maintenance bearer. */
export const statsPath = '/session/stats';
export const sweepPath = '/session/sweep';

/** RFC 8414 §3: where an authorization server publishes its metadata. */
export const metadataPath = '/.well-known/oauth-authorization-server';

/** Where Netlify serves Identity (GoTrue) on every site. */
export const identityPath = '/.netlify/identity';

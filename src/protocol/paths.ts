/** Where the broker answers, relative to the site. */
export const tokenPath = '/session/token';
export const revokePath = '/session/revoke';
export const introspectPath = '/session/introspect';
export const statusPath = '/session/status';

/** RFC 8414 §3: where an authorization server publishes its metadata. */
export const metadataPath = '/.well-known/oauth-authorization-server';

/** Where Netlify serves Identity (GoTrue) on every site. */
export const identityPath = '/.netlify/identity';

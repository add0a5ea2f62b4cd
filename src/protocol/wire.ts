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

/**
 * Carries only the token, without a scheme, where `Authorization` is taken: to a site with a password, a browser sends
 * `Basic` by itself, and the platform needs it.
 */
export const tokenHeader = 'x-daypass';

/** Names a request in its answer, in every line of the log about it, and to the upstream. */
export const requestIdHeader = 'x-request-id';

/** Our fields that a page of another origin may read. */
export const exposedHeaders = [
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** Netlify's deploy contexts, as the claim `deploy_context` names them. */
export const deployContexts = ['production', 'deploy-preview', 'branch-deploy', 'dev'] as const;

export type DeployContext = (typeof deployContexts)[number];

/**
 * Folds what Netlify calls a context into one of ours. A branch with a context of its own is a branch deploy.
 * @param name `context.deploy.context` of the platform; absent means a machine of a developer
 */
export function toDeployContext(name: string | undefined): DeployContext {
  if (name === undefined || name === '') return 'dev';
  return deployContexts.find((known) => known === name) ?? 'branch-deploy';
}

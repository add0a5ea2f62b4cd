export { type AccessTokenEnv, requireAccessToken } from '../http/requireAccessToken.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { AccessToken } from '../token/accessToken.ts';
export type { SiteOptions, VerifierOptions } from '../token/verifierOptions.ts';

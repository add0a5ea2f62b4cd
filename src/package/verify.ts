export type { ErrorCode } from '../protocol/codes.ts';
export type { DeployContext } from '../protocol/deployContext.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
export type { AccessToken } from '../token/accessToken.ts';
export { readBearer } from '../token/bearer.ts';
export { createVerifier } from '../token/createVerifier.ts';
export type { SiteOptions, VerifierOptions } from '../token/verifierOptions.ts';
export { verifyAccessToken } from '../token/verifyAccessToken.ts';

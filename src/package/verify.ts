export type { ErrorCode } from '../protocol/codes.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
export type { DeployContext } from '../protocol/wire.ts';
export { readBearer } from '../token/bearer.ts';
export type { AccessToken } from '../token/claims.ts';
export type { SiteOptions, VerifierOptions } from '../token/createVerifier.ts';
export { createVerifier, verifyAccessToken } from '../token/createVerifier.ts';

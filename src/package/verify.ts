export type { ErrorCode } from '../protocol/codes.ts';
export type { DeployContext } from '../protocol/deployContext.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
export type { AccessToken } from '../token/accessToken.ts';
export { createVerifier, type VerifierOptions } from '../token/createVerifier.ts';
export { verifyAccessToken } from '../token/verifyAccessToken.ts';

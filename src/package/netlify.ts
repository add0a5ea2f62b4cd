export { definePolicy } from '../policy/define.ts';
export type {
  Admission,
  Audience,
  CallLimits,
  Limit,
  Limits,
  LimitWindows,
  Policy,
  PolicyInput,
  ProofKind,
  ProofOfWork,
  Route,
} from '../policy/types.ts';
export type { ErrorCode } from '../protocol/codes.ts';
export type { DeployContext } from '../protocol/deployContext.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { StatsResponse, StatusResponse, SweepResponse } from '../protocol/messages.ts';
export { createBroker, createSweep } from '../runtime/createBroker.ts';
export { createGate } from '../runtime/createGate.ts';
export { createIdentityFunction } from '../runtime/createIdentityFunction.ts';
export { createSignupGuard, type NetlifyEdgeHandler } from '../runtime/createSignupGuard.ts';
export { introspectionSecret, maintenanceBearer } from '../runtime/derivedSecrets.ts';
export type { NetlifyHandler } from '../runtime/handler.ts';
export type { EdgeContext, PlatformContext } from '../runtime/platform.ts';
export { type ProtectedFunction, type ProtectOptions, protect } from '../runtime/protect.ts';
export type { AccessToken } from '../token/claims.ts';

export { createBroker, createSweep } from '../netlify/createBroker.ts';
export { createGate } from '../netlify/createGate.ts';
export { createIdentityFunction } from '../netlify/createIdentityFunction.ts';
export { createSignupGuard, type NetlifyEdgeHandler } from '../netlify/createSignupGuard.ts';
export type { NetlifyHandler } from '../netlify/handler.ts';
export type { EdgeContext, PlatformContext } from '../netlify/platform.ts';
export { type ProtectedFunction, type ProtectOptions, protect } from '../netlify/protect.ts';
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
export type { StatusResponse } from '../protocol/causes.ts';
export type { ErrorCode } from '../protocol/codes.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { StatsResponse, SweepResponse } from '../protocol/messages.ts';
export type { DeployContext } from '../protocol/wire.ts';
export type { AccessToken } from '../token/claims.ts';
export { introspectionSecret, maintenanceBearer } from '../token/keys.ts';

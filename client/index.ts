export { SessionError, type SessionErrorCode } from './errors.ts';
export type { EndReason, SessionEvents } from './events.ts';
export type { ProofContext, ProofProgress, Prove, SessionOptions, TokenStorage } from './options.ts';
export type { Session } from './session.ts';
export { createSession } from './session.ts';

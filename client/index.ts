export { createSession } from './createSession.ts';
export { SessionError, type SessionErrorCode } from './errors.ts';
export type { EndReason, SessionEvents } from './events.ts';
export type { ProofContext, ProofProgress, Prove } from './makeProof.ts';
export type { Session } from './openSession.ts';
export type { SessionOptions, TokenStorage } from './options.ts';

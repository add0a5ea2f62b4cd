import type { ProofMethod } from '../admission/proofMethod.ts';
import type { IdentityClient } from '../identity/client.ts';
import type { ThrowawayRule } from '../identity/throwaway.ts';
import type { AddressLimiters, Limiter } from '../limits/limiter.ts';
import type { RequestBodies } from '../limits/requestBodies.ts';
import type { Policy } from '../policy/types.ts';
import type { DaypassError } from '../protocol/error.ts';
import type { StatsCount } from '../protocol/messages.ts';
import type { DeployContext } from '../protocol/wire.ts';
import type { Redemptions } from '../store/redemptions.ts';
import type { Revocations } from '../store/revocations.ts';
import type { KeyRing, PrivateKeys } from '../token/keys.ts';

/** The limits of the policy that count by the caller's IP address. */
export type AddressLimitName =
  | 'exchange'
  | 'exchangeRefused'
  | 'revoke'
  | 'introspectionRefused'
  | 'maintenanceRefused'
  | 'status'
  | 'challenge';

/** The limits of the policy that count by something else: the whole site, a session, an audience. */
export type LimitName = 'site' | 'renewal' | 'introspection' | 'maintenance';

/** All that the broker works with; the runtime wires it once. Each use case takes the part that it needs. */
export interface BrokerDependencies extends LimitDependencies<AddressLimitName, LimitName> {
  policy: Policy;
  /** `iss` of every token. */
  issuer: string;
  /** The deploy that this broker runs in: the `deploy_context` of every token it mints. */
  deployContext: DeployContext;
  /** Sessions that began earlier are refused: seconds since the epoch; undefined for none. */
  sessionsNotBefore: number | undefined;
  /** Key rings by audience. */
  keyRings: ReadonlyMap<string, KeyRing>;
  privateKeys: PrivateKeys;
  identity: IdentityClient;
  /** How long both Identity calls of an exchange may take together. */
  identityBudgetMilliseconds: number;
  /** The key of the site's own GoTrue, if it has one. */
  identityJwtSecret: string | undefined;
  /** The platform's operator token for the call at hand; undefined where Identity is not enabled. */
  operatorToken(): string | undefined;
  redemptions: Redemptions;
  revocations: Revocations;
  refusedTokens: RefusedTokens;
  /** Callers that sent the right secret, and until when that is remembered, in seconds since the epoch; bounded. */
  provenCallers: Map<string, number>;
  bodies: RequestBodies;
  /** The proof that sign-ups need; undefined where the site has no admission. */
  proofMethod: Pick<ProofMethod, 'challenge' | 'describe'> | undefined;
  /** Whether `TURNSTILE_SECRET_KEY` is one of Cloudflare's test keys. */
  hasTurnstileTestKey: boolean;
  /** Upstreams by the variable that names them; only those that are set. */
  upstreams: ReadonlyMap<string, URL>;
  /** Resolves when the URL answers, with any status; rejects when nothing answers. */
  reachUpstream(url: URL, signal: AbortSignal): Promise<void>;
  /** The counts of today and the seven days before; throws `store_unavailable`. */
  readStats(): Promise<StatsCount[]>;
  /** The present, seconds since the epoch. */
  now(): number;
  /** The present, milliseconds since any moment; never set back. */
  steadyNow(): number;
}

/**
 * The Identity tokens that Identity refused a moment ago, in the memory of this instance. Sending one again gets the same
 * answer, which costs no call and counts for nothing.
 */
export interface RefusedTokens {
  /** @throws {DaypassError} what Identity refused this token with */
  refuse(token: string, now: number): Promise<void>;
  /** @param now the present, seconds since the epoch */
  remember(token: string, error: DaypassError, now: number): Promise<void>;
}

/** What it takes to check some limits by the caller's IP address, and some others. */
export interface LimitDependencies<ByAddress extends AddressLimitName, Other extends LimitName = never> {
  /** Each counts by the address and, wider, by its network. */
  addressLimiters: Readonly<Record<ByAddress, AddressLimiters>>;
  limiters: Readonly<Record<Other, Limiter>>;
}

/** The rule by which this site distinguishes throwaway users from members. */
export function throwawayRule({ throwaway, admission, identity }: Policy): ThrowawayRule {
  return {
    emailDomain: throwaway.emailDomain,
    admission: admission !== undefined,
    audience: identity.audience,
  };
}

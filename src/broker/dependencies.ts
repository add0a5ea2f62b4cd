import type { ProofMethod } from '../admission/proofMethod.ts';
import type { IdentityClient } from '../identity/client.ts';
import type { ThrowawayRule } from '../identity/throwaway.ts';
import type { AddressLimiters, Limiter } from '../limits/limiter.ts';
import type { RequestBodies } from '../limits/requestBodies.ts';
import type { Policy } from '../policy/types.ts';
import type { DeployContext } from '../protocol/deployContext.ts';
import type { StatsCount } from '../protocol/messages.ts';
import type { Redemptions } from '../store/redemptions.ts';
import type { Revocations } from '../store/revocations.ts';
import type { KeyRing, PrivateKeys } from '../token/keys.ts';
import type { RefusedTokens } from './refusedTokens.ts';

/** The limits of the policy that the broker counts by the caller's address. */
export type AddressLimitName =
  | 'exchange'
  | 'exchangeRefused'
  | 'revoke'
  | 'introspectionRefused'
  | 'maintenanceRefused'
  | 'status'
  | 'challenge';

/** What the broker works with; the runtime wires it once. */
export interface BrokerDependencies {
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
  /** How long both calls of an exchange to Identity may take together. */
  identityBudgetMilliseconds: number;
  /** Key of one's own GoTrue, when the site has one. */
  identityJwtSecret: string | undefined;
  /** The platform's operator token of this moment; undefined where Identity is not enabled. */
  operatorToken(): string | undefined;
  redemptions: Redemptions;
  revocations: Revocations;
  limiters: Readonly<Record<'site' | 'renewal' | 'introspection' | 'maintenance', Limiter>>;
  /** Those that count a caller's address and its network. */
  addressLimiters: Readonly<Record<AddressLimitName, AddressLimiters>>;
  refusedTokens: RefusedTokens;
  /** Addresses that sent a right secret, and until when that is known, in seconds since the epoch; bounded. */
  provenCallers: Map<string, number>;
  bodies: RequestBodies;
  /** The proof that sign-ups bring; undefined where the site has no admission. */
  proofMethod: Pick<ProofMethod, 'challenge' | 'describe'> | undefined;
  /** Whether `TURNSTILE_SECRET_KEY` is one of Cloudflare's test keys. */
  hasTurnstileTestKey: boolean;
  /** Upstreams by the variable that names them; only those that are set. */
  upstreams: ReadonlyMap<string, URL>;
  /** Whether anything answers there, whatever it says; rejects when nothing does. */
  reachUpstream(url: URL, signal: AbortSignal): Promise<void>;
  /** What was counted today and in the seven days before; throws `store_unavailable`. */
  readStats(): Promise<StatsCount[]>;
  /** The present, seconds since the epoch. */
  now(): number;
}

/** The rule by which this site tells throwaway users from members. */
export function throwawayRule({ throwaway, admission, identity }: Policy): ThrowawayRule {
  return {
    emailDomain: throwaway.emailDomain,
    admission: admission !== undefined,
    audience: identity.audience,
  };
}

/** Who calls, as the platform says. */
export interface Caller {
  /** The address that the platform vouches for; undefined when it gave none. */
  address: string | undefined;
}

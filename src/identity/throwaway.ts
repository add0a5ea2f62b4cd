import { isRecord } from '../protocol/knownKeys.ts';
import { isUserId, type UserId } from './user.ts';

/** How a site distinguishes throwaway users from members. */
export interface ThrowawayRule {
  /** Domain of throwaway e-mails, in lower case. */
  emailDomain: string;
  /** Whether the site's event function marks the users that it admits. */
  admission: boolean;
  /** GoTrue's audience of throwaway users; empty for an instance without one. */
  audience: string;
}

/** A record of Identity that satisfies the throwaway rule. */
export interface ThrowawayUser {
  readonly id: UserId;
  readonly email: string;
  readonly created_at?: unknown;
}

/** The role that marks an admitted user. Only admission sets it: users cannot write their own `app_metadata`. */
export const throwawayRole = 'anonymous';

const exchangeWindowSeconds = 10 * 60;
const sweepAgeSeconds = 20 * 60;
const clockSkewSeconds = 60;

/**
 * Whether a record of Identity is a throwaway user. Only such users may ever be deleted, so a record with a missing, odd
 * or wrongly typed field is a member.
 * @param user Identity's answer, unchecked
 */
export function isThrowaway(user: unknown, rule: ThrowawayRule): user is ThrowawayUser {
  if (!isRecord(user)) return false;
  const { id, aud, role, email, app_metadata } = user as Readonly<Record<string, unknown>>;
  if (!isRecord(app_metadata)) return false;
  const { provider, roles } = app_metadata as Readonly<Record<string, unknown>>;
  return (
    isUserId(id) &&
    aud === rule.audience &&
    // GoTrue's own role, not one of `app_metadata.roles`: only an operator sets it.
    role === '' &&
    hasThrowawayEmail(email, rule.emailDomain) &&
    provider === 'email' &&
    hasThrowawayRoles(roles, rule.admission)
  );
}

/**
 * Whether a user may be exchanged: a throwaway user created at most 10 minutes ago.
 * @param user Identity's answer, unchecked
 * @param now seconds since the epoch; Identity's clock may differ by 60 seconds
 */
export function isExchangeable(user: unknown, rule: ThrowawayRule, now: number): user is ThrowawayUser {
  if (!isThrowaway(user, rule)) return false;
  const age = now - parseTime(user.created_at);
  return age >= -clockSkewSeconds && age <= exchangeWindowSeconds + clockSkewSeconds;
}

/**
 * Whether a user may be swept: a throwaway user created at least 20 minutes ago, so that no exchange of it can still be in
 * progress or begin.
 * @param user Identity's answer, unchecked
 * @param now seconds since the epoch; Identity's clock may differ by 60 seconds
 */
export function isSweepable(user: unknown, rule: ThrowawayRule, now: number): user is ThrowawayUser {
  return isThrowaway(user, rule) && now - parseTime(user.created_at) >= sweepAgeSeconds + clockSkewSeconds;
}

/**
 * Whether an e-mail is in the throwaway domain. GoTrue neither checks e-mails nor folds their case. The domain is compared
 * without case, in ASCII only: a Unicode letter that folds to an ASCII one does not count.
 * @param domain in lower case
 */
export function hasThrowawayEmail(email: unknown, domain: string): boolean {
  if (typeof email !== 'string' || !/^[\x21-\x7e]+$/.test(email)) return false;
  const [local, host, ...more] = email.split('@');
  return local !== '' && more.length === 0 && host?.toLowerCase() === domain;
}

function hasThrowawayRoles(roles: unknown, admission: boolean): boolean {
  if (!admission)
    return roles === undefined || roles === null || (Array.isArray(roles) && roles.length === 0);
  return Array.isArray(roles) && roles.length === 1 && roles[0] === throwawayRole;
}

/**
 * Seconds since the epoch of a time as Go writes it (RFC 3339 §5.6). `Date` by itself accepts far more.
 * @returns NaN, which no comparison accepts, for anything else
 */
function parseTime(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN;
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(value)) return Number.NaN;
  return Date.parse(value) / 1000;
}

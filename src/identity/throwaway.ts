import { isUserId } from './user.ts';

export interface ThrowawayRule {
  /** Domain of throwaway e-mails, in lower case. */
  emailDomain: string;
  /** Whether the site's event function marks the users that it admits. */
  admission: boolean;
  /** GoTrue's audience whose users count: its own, which is empty unless it was given a name. */
  audience: string;
}

/** The role that admission sets, and nothing else does: users cannot write their own `app_metadata`. */
export const throwawayRole = 'anonymous';

const exchangeWindowSeconds = 10 * 60;
const sweepAgeSeconds = 20 * 60;
const clockSkewSeconds = 60;

/**
 * Whether a record of Identity is a throwaway user. Only such a user may ever be deleted, so whatever is odd,
 * missing or of the wrong type is a member.
 * @param user what Identity answered, unchecked
 */
export function isThrowaway(user: unknown, rule: ThrowawayRule): boolean {
  if (!isRecord(user) || !isRecord(user.app_metadata)) return false;
  return (
    isUserId(user.id) &&
    user.aud === rule.audience &&
    // A role of GoTrue's own, beside `app_metadata.roles`: an operator gave it.
    user.role === '' &&
    hasThrowawayEmail(user.email, rule.emailDomain) &&
    user.app_metadata.provider === 'email' &&
    hasThrowawayRoles(user.app_metadata.roles, rule.admission)
  );
}

/**
 * Whether a record of Identity may be exchanged: a throwaway user created at most 10 minutes ago.
 * @param now the present, seconds since the epoch; Identity's clock may differ by 60 seconds
 */
export function isExchangeable(user: unknown, rule: ThrowawayRule, now: number): boolean {
  if (!isThrowaway(user, rule)) return false;
  const age = ageSeconds(user, now);
  return age >= -clockSkewSeconds && age <= exchangeWindowSeconds + clockSkewSeconds;
}

/**
 * Whether a record of Identity may be swept: a throwaway user created at least 20 minutes ago, so that no exchange of it
 * can still be under way or begin.
 * @param now the present, seconds since the epoch; Identity's clock may differ by 60 seconds
 */
export function isSweepable(user: unknown, rule: ThrowawayRule, now: number): boolean {
  return isThrowaway(user, rule) && ageSeconds(user, now) >= sweepAgeSeconds + clockSkewSeconds;
}

/**
 * Whether an e-mail is in the throwaway domain. GoTrue neither checks an e-mail nor folds its case: we compare the domain
 * without case, ASCII alone, so that no letter that merely folds to an ASCII one counts as it.
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

/** How long ago a throwaway user was created; NaN, which is no age, where the record does not tell. */
function ageSeconds(user: unknown, now: number): number {
  return now - parseTime((user as Record<string, unknown>).created_at);
}

/** RFC 3339 §5.6, as Go writes it, in seconds since the epoch; `Date` alone reads far more than that. */
function parseTime(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN;
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(value)) return Number.NaN;
  return Date.parse(value) / 1000;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

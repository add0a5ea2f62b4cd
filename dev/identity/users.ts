import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type Clock, storedTime } from './clock.ts';

/** A row. Times carry a fraction until the row is stored. */
export type User = Readonly<{
  id: string;
  aud: string;
  role: string;
  email: string;
  passwordHash: string;
  confirmedAt: string | undefined;
  invitedAt: string | undefined;
  confirmationToken: string;
  confirmationSentAt: string | undefined;
  recoveryToken: string;
  recoverySentAt: string | undefined;
  emailChangeToken: string;
  emailChangeSentAt: string | undefined;
  newEmail: string;
  appMetadata: Metadata | null;
  userMetadata: Metadata | null;
  createdAt: string;
  updatedAt: string;
}>;

/** Tokens that travel by e-mail and find their user again. */
export type MailedToken = 'confirmation' | 'recovery';

/** The table of users, in memory. As in GoTrue's schema, nothing makes an e-mail unique. */
export class UserTable {
  readonly #rows = new Map<string, User>();
  readonly #index = new Map<string, Set<string>>();

  get size(): number {
    return this.#rows.size;
  }

  /** Every row, in the order of insertion. */
  all(): User[] {
    return [...this.#rows.values()];
  }

  get(id: string): User | undefined {
    return this.#rows.get(id);
  }

  findByEmail(email: string, aud: string): User | undefined {
    return this.#find(emailKey(email, aud));
  }

  findByToken(kind: MailedToken, token: string): User | undefined {
    return this.#find(tokenKey(kind, token));
  }

  insert(user: User): void {
    const row = storedForm(user);
    this.#rows.set(row.id, row);
    for (const key of keysOf(row)) {
      const ids = this.#index.get(key);
      if (ids) ids.add(row.id);
      else this.#index.set(key, new Set([row.id]));
    }
  }

  /** Like SQL's UPDATE: a row that is gone stays gone, without an error. */
  update(user: User): void {
    const current = this.#rows.get(user.id);
    if (!current) return;
    this.#unindex(current);
    this.insert(user);
  }

  /** Like SQL's DELETE: deleting nothing is no fault. */
  delete(id: string): void {
    const current = this.#rows.get(id);
    if (!current) return;
    this.#unindex(current);
    this.#rows.delete(id);
  }

  #find(key: string): User | undefined {
    const [id] = this.#index.get(key) ?? [];
    return id === undefined ? undefined : this.#rows.get(id);
  }

  #unindex(user: User): void {
    for (const key of keysOf(user)) {
      const ids = this.#index.get(key);
      ids?.delete(user.id);
      if (ids?.size === 0) this.#index.delete(key);
    }
  }
}

function storedForm(user: User): User {
  const stored = (time: string | undefined) => time && storedTime(time);
  return {
    ...user,
    confirmedAt: stored(user.confirmedAt),
    invitedAt: stored(user.invitedAt),
    confirmationSentAt: stored(user.confirmationSentAt),
    recoverySentAt: stored(user.recoverySentAt),
    emailChangeSentAt: stored(user.emailChangeSentAt),
    appMetadata: user.appMetadata ?? {},
    userMetadata: user.userMetadata ?? {},
    createdAt: storedTime(user.createdAt),
    updatedAt: storedTime(user.updatedAt),
  };
}

function keysOf(user: User): string[] {
  const keys = [emailKey(user.email, user.aud)];
  if (user.confirmationToken) keys.push(tokenKey('confirmation', user.confirmationToken));
  if (user.recoveryToken) keys.push(tokenKey('recovery', user.recoveryToken));
  return keys;
}

const emailKey = (email: string, aud: string) => `email\0${aud}\0${collated(email)}`;
const tokenKey = (kind: MailedToken, token: string) => `${kind}\0${token}`;

/** As the database compares e-mails (utf8mb4_unicode_ci): case, accents and spaces at the end make no difference. */
function collated(email: string): string {
  return email.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase().replace(/ +$/, '');
}

export interface NewUser {
  email: string;
  password: string;
  aud: string;
  userMetadata: Metadata | null;
}

/** Whether an e-mail fits its column, a VARCHAR(255). */
export function fitsColumn(email: string): boolean {
  return [...email].length <= 255;
}

/** A user of the e-mail provider that is in no table yet. */
export function newUser(fields: NewUser, clock: Clock): User {
  const createdAt = clock.microTime();
  return {
    id: randomUUID(),
    aud: fields.aud,
    role: '',
    email: fields.email,
    // An invited user has none yet.
    passwordHash: fields.password === '' ? '' : hashPassword(fields.password),
    confirmedAt: undefined,
    confirmationToken: '',
    invitedAt: undefined,
    confirmationSentAt: undefined,
    recoveryToken: '',
    recoverySentAt: undefined,
    emailChangeToken: '',
    emailChangeSentAt: undefined,
    newEmail: '',
    appMetadata: { provider: 'email' },
    userMetadata: mergeMetadata(null, fields.userMetadata),
    createdAt,
    // GoTrue inserts the row, then writes its role.
    updatedAt: clock.microTime(),
  };
}

/** The user as GoTrue shows it: in answers and in events, in this order, what is unset left out. */
export function describeUser(user: User): Record<string, unknown> {
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email,
    confirmed_at: user.confirmedAt,
    invited_at: user.invitedAt,
    confirmation_sent_at: user.confirmationSentAt,
    recovery_sent_at: user.recoverySentAt,
    new_email: user.newEmail || undefined,
    email_change_sent_at: user.emailChangeSentAt,
    app_metadata: user.appMetadata,
    user_metadata: user.userMetadata,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

export type Metadata = Record<string, unknown>;

/**
 * GoTrue's way of updating metadata: a missing map is replaced, an existing one is merged at its first level,
 * and a null takes its key away.
 */
export function mergeMetadata(current: Metadata | null, updates: Metadata | null): Metadata | null {
  if (updates === null) return current;
  if (current === null) return sorted(Object.entries(updates));
  const kept = Object.entries({ ...current, ...updates }).filter(
    ([key, value]) => value !== null || !Object.hasOwn(updates, key),
  );
  return sorted(kept);
}

// Go writes the keys of a map in order.
function sorted(entries: [string, unknown][]): Metadata {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

// One cheap round: these passwords are of a development server and live in memory.

export function hashPassword(password: string): string {
  return digest(randomBytes(8).toString('hex'), password);
}

/** bcrypt refuses more (golang.org/x/crypto/bcrypt). */
const maxBytes = 72;

export function isTooLongToHash(password: string): boolean {
  return Buffer.byteLength(password) > maxBytes;
}

export function passwordMatches(password: string, hash: string): boolean {
  const [salt = ''] = hash.split(':');
  return digest(salt, password) === hash;
}

function digest(salt: string, password: string): string {
  return `${salt}:${createHash('sha256').update(salt).update(password).digest('hex')}`;
}

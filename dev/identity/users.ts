import { storedTime } from './clock.ts';
import type { Metadata } from './metadata.ts';

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

  /** Like SQL's UPDATE: a row that is gone stays gone, and nobody is told. */
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

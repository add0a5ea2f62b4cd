import { randomBytes } from 'node:crypto';

export type RefreshToken = { userId: string; revoked: boolean };

/** Refresh tokens work once. A used one is remembered, so that its second use is told from an unknown one. */
export class RefreshTokens {
  readonly #tokens = new Map<string, RefreshToken>();
  readonly #byUser = new Map<string, Set<string>>();

  grant(userId: string): string {
    const token = randomBytes(16).toString('base64url');
    this.#tokens.set(token, { userId, revoked: false });
    const owned = this.#byUser.get(userId);
    if (owned) owned.add(token);
    else this.#byUser.set(userId, new Set([token]));
    return token;
  }

  get(token: string): RefreshToken | undefined {
    return this.#tokens.get(token);
  }

  /** Swaps a token for the next one of the same user. */
  swap(token: RefreshToken): string {
    token.revoked = true;
    return this.grant(token.userId);
  }

  /** Forgets every token of a user: log-out, and the end of the user. */
  forget(userId: string): void {
    for (const token of this.#byUser.get(userId) ?? []) this.#tokens.delete(token);
    this.#byUser.delete(userId);
  }
}

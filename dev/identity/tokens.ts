import { createSecretKey, randomBytes } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { HttpError } from './answers.ts';
import type { Clock } from './clock.ts';
import type { User } from './users.ts';

export interface Claims {
  sub: string;
  aud: string;
}

/** GoTrue's access tokens: HS256 JWTs that nothing but their `exp` ends. */
export class AccessTokens {
  readonly #key: ReturnType<typeof createSecretKey>;
  readonly #ttlSeconds: number;
  readonly #clock: Clock;

  constructor(settings: { jwtSecret: string; accessTokenTtlSeconds: number }, clock: Clock) {
    this.#key = createSecretKey(Buffer.from(settings.jwtSecret));
    this.#ttlSeconds = settings.accessTokenTtlSeconds;
    this.#clock = clock;
  }

  sign(user: User): Promise<string> {
    const claims = {
      ...(user.aud === '' ? {} : { aud: user.aud }),
      exp: this.#clock.seconds() + this.#ttlSeconds,
      sub: user.id,
      email: user.email,
      app_metadata: user.appMetadata,
      user_metadata: user.userMetadata,
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'nf-ident', typ: 'JWT' })
      .sign(this.#key);
  }

  /** @throws HttpError 401 with the words of GoTrue's JWT library; the cookie goes too */
  async read(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        currentDate: new Date(this.#clock.milliseconds()),
        // The second of `exp` itself still counts.
        clockTolerance: 1,
      });
      return { sub: payload.sub ?? '', aud: typeof payload.aud === 'string' ? payload.aud : '' };
    } catch (error) {
      throw new HttpError(401, `Invalid token: ${this.#faultOf(token, error)}`, { clearsCookie: true });
    }
  }

  #faultOf(token: string, error: unknown): string {
    if (token.split('.').length !== 3) return 'token contains an invalid number of segments';
    if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature is invalid';
    if (error instanceof errors.JOSEAlgNotAllowed) {
      return `signing method ${decodeProtectedHeader(token).alg} is invalid`;
    }
    if (error instanceof errors.JWTExpired) {
      return `token is expired by ${goDuration(this.#clock.seconds() - Number(error.payload.exp))}`;
    }
    return 'illegal base64 data at input byte 0';
  }
}

function goDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

export interface RefreshToken {
  userId: string;
  revoked: boolean;
}

/** Refresh tokens work once. A used one is remembered, to distinguish its second use from an unknown one. */
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

/** How long a token that travels by e-mail is good. */
const mailedTokenMilliseconds = 24 * 3600 * 1000;

/** A token that would travel by e-mail. */
export function mailedToken(): string {
  return randomBytes(16).toString('base64url');
}

/** @throws HttpError 410 for a token of a mail that was sent more than a day ago */
export function requireFresh(what: string, sentAt: string | undefined, clock: Clock): void {
  if (sentAt === undefined || clock.milliseconds() <= Date.parse(sentAt) + mailedTokenMilliseconds) return;
  throw new HttpError(410, `${what} token expired`);
}

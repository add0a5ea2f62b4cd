import { randomUUID } from 'node:crypto';
import { assertPort, OptionsError } from '../assertOptions.ts';
import { listen } from '../listen.ts';
import { createApp, type Faults } from './app.ts';
import { createParts, type DevIdentityOptions, type Parts } from './options.ts';
import { newUser, type User } from './users.ts';

export interface DevIdentity {
  /** Answers a request whose path is GoTrue's own: `/signup`, not `/.netlify/identity/signup`. */
  fetch(request: Request): Promise<Response>;
  users: UserDirectory;
  faults: Faults;
  jwtSecret: string;
  webhookSecret: string;
  operatorToken: string;
  instanceId: string;
  /**
   * An access token as a log-in would give it, without the log-in.
   * @throws TypeError when there is no such user
   */
  signAccessToken(userId: string): Promise<string>;
}

/**
 * A stand-in for Netlify Identity, in memory: it answers as netlify/gotrue does, its races included. For
 * development and tests; it is no place for real users.
 * @throws TypeError when an option is invalid
 */
export function createDevIdentity(options: DevIdentityOptions = {}): DevIdentity {
  const parts = createParts(options);
  const faults: Faults = { hangPaths: [], answer: {} };
  const app = createApp(parts, faults);
  const { jwtSecret, webhookSecret, operatorToken, instanceId } = parts.settings;
  return {
    fetch: async (request) => app.fetch(request),
    users: createDirectory(parts),
    faults,
    jwtSecret,
    webhookSecret,
    operatorToken,
    instanceId,
    async signAccessToken(userId) {
      const user = parts.users.get(userId);
      if (!user) throw new TypeError(`Dev identity: there is no user ${userId}.`);
      return parts.accessTokens.sign(user);
    },
  };
}

export interface DevIdentityServer extends DevIdentity {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Stops listening and drops the connections that are open. */
  close(): Promise<void>;
}

/**
 * Starts the dev identity on 127.0.0.1.
 * @param options `port` is a free one by default
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 * @throws {Error} with code `EADDRINUSE` when the port is taken
 * @example
 * ```ts
 * import { startDevIdentity } from 'daypass-dev';
 *
 * const identity = await startDevIdentity({ autoconfirm: true });
 * const body = JSON.stringify({ email: 'ada@x.example', password: 'correct-horse-battery' });
 * const answer = await fetch(`${identity.url}/signup`, { method: 'POST', body });
 * console.log(answer.status, identity.users.count()); // 200 1
 * await identity.close();
 * ```
 */
export async function startDevIdentity(
  options: DevIdentityOptions & { port?: number } = {},
): Promise<DevIdentityServer> {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new OptionsError(['startDevIdentity: the options must be an object.']);
  }
  const { port = 0, ...identityOptions } = options;
  assertPort('startDevIdentity', port);
  const identity = createDevIdentity(identityOptions);
  const listening = await listen((request) => identity.fetch(request), { port });
  return { ...identity, ...listening };
}

export type PlantedUser = Partial<User> & { email: string; password?: string };

/** Looks into the table of users, past the API: for tests, and for the page that counts users. */
export interface UserDirectory {
  /** How many users there are, of every audience. */
  count(): number;
  /** All users, in the order of their creation. */
  list(): User[];
  /** Puts a row in as it is given; what is left out is that of a confirmed user. No event is called. */
  plant(user: PlantedUser): User;
  /** Makes a user look as if it had been created that many seconds sooner. Does nothing if there is no such user. */
  age(id: string, seconds: number): void;
}

export function createDirectory({ users, clock, settings }: Parts): UserDirectory {
  return {
    count: () => users.size,
    list: () => users.all(),
    plant({ password = randomUUID(), ...fields }) {
      const blank = newUser(
        { email: fields.email, password, aud: settings.audience, userMetadata: null },
        clock,
      );
      const user = { ...blank, confirmedAt: blank.createdAt, ...fields };
      users.insert(user);
      return user;
    },
    age(id, seconds) {
      const user = users.get(id);
      if (!user) return;
      const createdAt = new Date(Date.parse(user.createdAt) - seconds * 1000).toISOString();
      users.update({ ...user, createdAt });
    },
  };
}

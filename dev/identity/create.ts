import { createApp } from './app.ts';
import { createDirectory, type UserDirectory } from './directory.ts';
import type { Faults } from './faults.ts';
import type { DevIdentityOptions } from './options.ts';
import { createParts } from './parts.ts';

export type DevIdentity = {
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
};

/**
 * A stand-in for Netlify Identity, in memory: it answers as netlify/gotrue does, its races included. For
 * development and tests; it is no place for real users.
 * @throws TypeError when an option makes no sense
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

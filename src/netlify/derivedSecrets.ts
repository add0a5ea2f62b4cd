import { ConfigurationError } from '../protocol/error.ts';
import { checkSecrets, createPrivateKeys, type PrivateKeys } from '../token/keys.ts';

/**
 * The secret with which the backend of an audience authenticates at `/session/introspect`. Run it where the private
 * secret is at hand, and give the result only to that backend.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak, or the audience is no name
 * @example
 * await introspectionSecret(process.env.DAYPASS_PRIVATE_SECRET, 'api');
 */
export async function introspectionSecret(privateSecret: string, audience: string): Promise<string> {
  // Of nothing, and of an object, there would be a secret too.
  if (typeof audience !== 'string' || !/^[A-Za-z0-9._~-]{1,64}$/.test(audience)) {
    throw new ConfigurationError([
      "introspectionSecret: audience must be a name in the site's policy, such as api.",
    ]);
  }
  return (await privateKeysOf(privateSecret)).introspectionSecret(audience);
}

/**
 * The bearer with which the owner of a site calls `GET /session/stats` and `POST /session/sweep`. Run it where the
 * private secret is at hand.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak
 * @example
 * await maintenanceBearer(process.env.DAYPASS_PRIVATE_SECRET);
 */
export async function maintenanceBearer(privateSecret: string): Promise<string> {
  return (await privateKeysOf(privateSecret)).maintenanceBearer();
}

async function privateKeysOf(secret: string): Promise<PrivateKeys> {
  const problems = checkSecrets([{ name: 'DAYPASS_PRIVATE_SECRET', secret }]);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return createPrivateKeys(secret);
}

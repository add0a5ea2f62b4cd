import { ConfigurationError } from '../protocol/error.ts';
import { createPrivateKeys } from '../token/keys.ts';

/**
 * The secret with which the backend of an audience authenticates at `/session/introspect`. Run it where the private
 * secret is at hand, and give the result to that backend alone.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak, or the audience is no name
 */
export async function introspectionSecret(privateSecret: string, audience: string): Promise<string> {
  // Of nothing, and of an object, there would be a secret too.
  if (typeof audience !== 'string' || !/^[A-Za-z0-9._~-]{1,64}$/.test(audience)) {
    throw new ConfigurationError([
      "introspectionSecret: audience must be a name in the site's policy, such as api.",
    ]);
  }
  return (await createPrivateKeys(privateSecret)).introspectionSecret(audience);
}

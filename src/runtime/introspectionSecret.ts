import { createPrivateKeys } from '../token/privateKeys.ts';

/**
 * The secret with which the backend of an audience authenticates at `/session/introspect`. Run it where the private
 * secret is at hand, and give the result to that backend alone.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak
 */
export async function introspectionSecret(privateSecret: string, audience: string): Promise<string> {
  return (await createPrivateKeys(privateSecret)).introspectionSecret(audience);
}

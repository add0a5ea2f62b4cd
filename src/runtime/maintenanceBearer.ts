import { createPrivateKeys } from '../token/keys.ts';

/**
 * The bearer with which the owner of a site calls `GET /session/stats` and `POST /session/sweep`. Run it where the
 * private secret is at hand.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak
 */
export async function maintenanceBearer(privateSecret: string): Promise<string> {
  return (await createPrivateKeys(privateSecret)).maintenanceBearer();
}

import { eventNames } from '../identity/events.ts';
import { createWebhook, type EventFunctions } from '../identity/webhook.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertFunctions } from '../protocol/knownKeys.ts';
import { logLine, nowSeconds, readVariable } from './platform.ts';

/**
 * The webhook of your own GoTrue, as a function. It verifies GoTrue's signature with `IDENTITY_WEBHOOK_SECRET` (default
 * `IDENTITY_JWT_SECRET`) and calls the event function that Netlify Identity would call. Set GoTrue's `GOTRUE_WEBHOOK_URL` to
 * its URL. Refused calls are logged.
 *
 * Give it a file of its own: GoTrue sends `X-Netlify-Event` too, by which Netlify would pass the call to event functions in the
 * same file, unverified.
 * @param functions the default export of the site's event function
 * @throws {ConfigurationError} a TypeError: no event function, an unknown one, or one that is not a function
 * @example
 * ```ts
 * // netlify/functions/webhook.ts
 * import { createIdentityWebhook } from 'daypass/identity';
 * import identity from './identity.ts';
 *
 * export default createIdentityWebhook(identity);
 *
 * export const config = { path: '/identity/webhook' };
 * ```
 */
export function createIdentityWebhook(functions: EventFunctions): (request: Request) => Promise<Response> {
  const known = Object.values(eventNames).map(({ netlify }) => netlify);
  assertFunctions('createIdentityWebhook', functions, known);
  if (Object.keys(functions).length === 0)
    throw new ConfigurationError(['createIdentityWebhook needs an event function.']);
  const secret = () =>
    readVariable('IDENTITY_WEBHOOK_SECRET') || readVariable('IDENTITY_JWT_SECRET') || undefined;
  return createWebhook(functions, { secret, log: logLine, now: nowSeconds });
}

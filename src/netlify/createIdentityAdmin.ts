import { createAdmin, type IdentityAdmin } from '../identity/admin.ts';
import { createAdminClient } from '../identity/client.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import { identityPath } from '../protocol/wire.ts';
import { operatorTokenOfCall, readVariable } from './platform.ts';

export interface IdentityAdminOptions {
  /**
   * Seconds for one request to Identity. Default 8. Updates and deletions wait for the site's own event handlers, which
   * have 5 seconds in each of three tries.
   */
  timeoutSeconds?: number;
}

/**
 * Admin calls to Netlify Identity, for functions. Create it once, at the top of the file: it reads the operator token at each
 * call, since Netlify gives every invocation its own. Identity is the site's (`URL`), or your own GoTrue (`IDENTITY_URL`) with
 * its `IDENTITY_OPERATOR_TOKEN`.
 * @throws {ConfigurationError} a TypeError: at once for an option; at each call if neither `IDENTITY_URL` nor `URL` is an https
 * URL (http on this machine only)
 * @example
 * ```ts
 * import { createIdentityAdmin } from 'daypass/identity';
 *
 * const admin = createIdentityAdmin();
 *
 * export async function promote(id: string): Promise<void> {
 *   const user = await admin.get(id);
 *   if (user) await admin.update(id, { roles: [...(user.roles ?? []), 'editor'] });
 * }
 * ```
 */
export function createIdentityAdmin(options: IdentityAdminOptions = {}): IdentityAdmin {
  assertKnownKeys('createIdentityAdmin', options, ['timeoutSeconds']);
  return createAdmin({
    timeoutSeconds: options.timeoutSeconds ?? 8,
    operatorToken: () => readVariable('IDENTITY_OPERATOR_TOKEN') || operatorTokenOfCall(),
    client: () => createAdminClient({ url: identityUrl() }),
  });
}

function identityUrl(): string {
  const own = readVariable('IDENTITY_URL');
  const name = own ? 'IDENTITY_URL' : 'URL';
  const text = own || readVariable('URL');
  if (!text) throw new ConfigurationError(['URL is missing: Netlify sets it.']);
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : { protocol: '', hostname: '' };
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && local)) {
    throw new ConfigurationError([`${name} must be an https URL.`]);
  }
  return own ? text : new URL(identityPath, text).href;
}

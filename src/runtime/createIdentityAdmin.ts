import { createAdmin, type IdentityAdmin } from '../identity/admin.ts';
import { createIdentityClient } from '../identity/client.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import { identityPath } from '../protocol/paths.ts';
import { operatorTokenOfCall, readVariable } from './platform.ts';

export interface IdentityAdminOptions {
  /**
   * Seconds for one request to Identity. Default 8. An update or a deletion waits for the site's own event handlers,
   * which have 5 seconds, three times over.
   */
  timeoutSeconds?: number;
}

/**
 * Admin calls of Netlify Identity, for functions. Make it once, at the top of the file; the operator token is read anew
 * at each call, since Netlify gives each invocation its own. Identity is that of the site (`URL`), or your own GoTrue
 * (`IDENTITY_URL`), whose operator token is `IDENTITY_OPERATOR_TOKEN`.
 * @throws {ConfigurationError} a TypeError: here for an option; from the first call where neither variable is an
 * https URL, or an http one on this machine
 */
export function createIdentityAdmin(options: IdentityAdminOptions = {}): IdentityAdmin {
  assertKnownKeys('createIdentityAdmin', options, ['timeoutSeconds']);
  return createAdmin({
    timeoutSeconds: options.timeoutSeconds ?? 8,
    operatorToken: () => readVariable('IDENTITY_OPERATOR_TOKEN') || operatorTokenOfCall(),
    client: () => createIdentityClient({ url: identityUrl() }),
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

import { createAdmin, type IdentityAdmin } from '../identity/admin.ts';
import { createAdminClient } from '../identity/client.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertOptions, type OptionRule } from '../protocol/knownKeys.ts';
import { identityPath } from '../protocol/wire.ts';
import { checkUrl } from './environment.ts';
import { operatorTokenOfCall, readVariable } from './platform.ts';

export interface IdentityAdminOptions {
  /**
   * Seconds for one request to Identity. Default 8. Updates and deletions wait for the site's own event handlers, which
   * have 5 seconds in each of three tries.
   */
  timeoutSeconds?: number;
}

const rules = {
  timeoutSeconds: ['a number above 0', (value) => Number.isFinite(value) && (value as number) > 0],
} as const satisfies Record<keyof IdentityAdminOptions, OptionRule>;

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
  assertOptions('createIdentityAdmin', options, rules);
  return createAdmin({
    timeoutSeconds: options.timeoutSeconds ?? 8,
    operatorToken: () => readVariable('IDENTITY_OPERATOR_TOKEN') || operatorTokenOfCall(),
    client: () => createAdminClient({ url: identityUrl() }),
  });
}

function identityUrl(): string {
  const value = (name: string) => readVariable(name) || undefined;
  const problems: string[] = [];
  const own = checkUrl('IDENTITY_URL', value, problems);
  const url = own ?? checkUrl('URL', value, problems, 'required');
  if (!url || problems.length > 0) throw new ConfigurationError(problems);
  return own ? own.href : url.origin + identityPath;
}

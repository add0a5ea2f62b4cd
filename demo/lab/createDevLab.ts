import type { Hono } from 'hono';
import type { DevParts, SiteUrls } from '../../dev/server/parts.ts';
import type { DevSettings } from '../../dev/server/settings.ts';
import type { CallerEnv } from '../../src/http/caller.ts';
import type { Policy } from '../../src/policy/types.ts';
import type { Log } from '../../src/protocol/log.ts';
import { identityPath } from '../../src/protocol/paths.ts';
import { nowSeconds } from '../../src/runtime/platform.ts';
import type { StackControl } from '../stack/control.ts';
import type { IdentityWatch } from '../stack/watchIdentity.ts';
import { createLab } from './createLab.ts';

/** The lab of a dev server, with the secrets of its stack. */
export function createDevLab(
  settings: DevSettings,
  policy: Policy,
  parts: DevParts,
  { url, publicUrl }: SiteUrls,
  stack: StackControl,
  identity: IdentityWatch,
  log: Log,
): Hono<CallerEnv> {
  const audience = policy.defaultAudience;
  return createLab({
    identityUrl: settings.identity?.url ?? url + identityPath,
    operatorToken: parts.operatorToken,
    secret: settings.secrets[policy.audiences[audience]?.secret ?? ''] ?? '',
    issuer: policy.issuer ?? publicUrl,
    audience,
    scopes: policy.audiences[audience]?.scopes ?? [],
    emailDomain: policy.throwaway.emailDomain,
    siteUrl: url,
    maintenanceBearer: parts.maintenanceBearer,
    stack,
    describeIdentity: identity.state,
    deployContext: 'dev',
    log,
    now: nowSeconds,
  });
}

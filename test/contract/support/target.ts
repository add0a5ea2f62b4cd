import type { DevIdentityOptions } from '../../../dev/identity/options.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import { type Hook, startHook } from './hook.ts';
import type { Mode } from './recording.ts';

/** The server that a recording is held against. */
export interface Target {
  url: string;
  operatorToken: string;
  /** Our own server and the site that it calls; undefined when somebody else's is tested. */
  own: { identity: DevIdentityServer; hook: Hook } | undefined;
  close(): Promise<void>;
}

export interface LiveServer {
  url: string;
  operatorToken: string;
  mode: Mode;
}

const configurations: Record<Mode, DevIdentityOptions> = {
  open: {},
  confirm: { autoconfirm: false },
  closed: { registration: 'closed' },
  limited: { tokenLimit: { limit: 30, windowSeconds: 300 } },
  admin: { adminGroup: 'admin', webhookSecret: 'a webhook secret of its own' },
  audience: { audience: 'site', events: undefined },
};

/** Our own server, configured as the one that was recorded. */
async function startOwn(mode: Mode, options?: DevIdentityOptions): Promise<Target> {
  const hook = await startHook();
  const identity = await startDevIdentity({
    events: { target: hook.url },
    ...configurations[mode],
    ...options,
  });
  return {
    url: identity.url,
    operatorToken: identity.operatorToken,
    own: { identity, hook },
    close: async () => void (await Promise.all([identity.close(), hook.close()])),
  };
}

/** The live server where there is one, else ours. */
export async function openTarget(
  mode: Mode,
  live: LiveServer | undefined,
  options?: DevIdentityOptions,
): Promise<Target> {
  if (!live) return startOwn(mode, options);
  return { url: live.url, operatorToken: live.operatorToken, own: undefined, close: async () => {} };
}

/** The server of `IDENTITY_URL`, and which of the recordings its `/settings` are like. */
export async function findLiveServer(): Promise<LiveServer | undefined> {
  const { IDENTITY_URL: url, IDENTITY_OPERATOR_TOKEN: operatorToken } = process.env;
  if (!url || !operatorToken) return undefined;
  const response = await fetch(`${url}/settings`);
  const settings = (await response.json()) as { disable_signup: boolean; autoconfirm: boolean };
  const list = await fetch(`${url}/admin/users?per_page=1`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  const { aud } = (await list.json()) as { aud?: string };
  const open = aud === 'site' ? 'audience' : 'open';
  const mode = settings.disable_signup ? 'closed' : settings.autoconfirm ? open : 'confirm';
  return { url: url.replace(/\/$/, ''), operatorToken, mode };
}

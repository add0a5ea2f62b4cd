import type { Policy } from '../policy/types.ts';
import { createDevSite } from './createDevSite.ts';
import { createDevLab } from './lab/createDevLab.ts';
import { startNetlifyEmulator } from './netlify/start.ts';
import type { DevPartsOptions } from './parts.ts';
import type { DevSettings } from './settings.ts';
import { type DevServer, startSite } from './startSite.ts';

/**
 * Runs the same parts under Netlify's own emulator: functions in Node, the gate in Deno, through the entry files that are
 * deployed. It proves the wiring; nothing lasts between requests, so no load goes here.
 * @throws {Error} the port is in use, or the emulator lacks something
 */
export function startNetlifyServer(
  settings: DevSettings,
  policy: Policy,
  options: DevPartsOptions & { projectRoot: string },
): Promise<DevServer> {
  return startSite(settings, policy, options, async (parts, url) => {
    const lab = createDevLab(settings, policy, parts, url, () => undefined);
    const site = await createDevSite({ identity: parts.serveIdentity, lab });
    const emulator = await startNetlifyEmulator({
      projectRoot: options.projectRoot,
      origin: url,
      environment: parts.environment,
      identityContext: () => ({ url: `${url}/.netlify/identity`, token: parts.operatorToken }),
      next: (request, clientAddress) => site.fetch(request, { clientAddress }),
    });
    return {
      fetch: (request, clientAddress) => emulator.handle(request, clientAddress ?? ''),
      close: () => emulator.close(),
    };
  });
}

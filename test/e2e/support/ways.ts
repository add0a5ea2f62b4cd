import policy from '../../../daypass.config.ts';
import type { DevPartsOptions } from '../../../src/dev/parts.ts';
import { readSettings } from '../../../src/dev/settings.ts';
import { type DevServer, startDevServer } from '../../../src/dev/startDevServer.ts';
import { startNetlifyServer } from '../../../src/dev/startNetlifyServer.ts';

/** Both ways to run the same site, each on a port of its own. */
export const ways: [string, (options?: DevPartsOptions) => Promise<DevServer>][] = [
  ['npm start', (options) => startDevServer(readSettings({ PORT: '0' }, policy), policy, options)],
  [
    "Netlify's emulator",
    (options) =>
      startNetlifyServer(readSettings({ PORT: '0' }, policy), policy, {
        ...options,
        projectRoot: process.cwd(),
      }),
  ],
];

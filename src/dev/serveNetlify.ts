import policy from '../../daypass.config.ts';
import { buildSite } from '../../scripts/buildSite.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { readSettings } from './settings.ts';
import { startNetlifyServer } from './startNetlifyServer.ts';

// `npm run start:netlify`: the same parts under Netlify's own emulator.
await runUntilStopped(async () => {
  await buildSite();
  return startNetlifyServer(readSettings(process.env, policy), policy, { projectRoot: process.cwd() });
});

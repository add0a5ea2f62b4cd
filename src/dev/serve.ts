import policy from '../../daypass.config.ts';
import { buildSite } from '../../scripts/buildSite.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { readSettings } from './settings.ts';
import { startDevServer } from './startDevServer.ts';

// `npm start`: the whole of Daypass in one process.
await runUntilStopped(async () => {
  await buildSite();
  return startDevServer(readSettings(process.env, policy), policy);
});

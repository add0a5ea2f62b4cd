import { buildSite } from '../../scripts/buildSite.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { readSettings } from './settings.ts';
import { startNetlifyServer } from './startNetlifyServer.ts';

// `npm run start:netlify`: the same parts under Netlify's own emulator.
await runUntilStopped(async () => {
  // Here, so that a mistake in it is told as any other.
  const { default: policy } = await import('../../daypass.config.ts');
  await buildSite();
  return startNetlifyServer(readSettings(process.env, policy), policy, { projectRoot: process.cwd() });
});

import { readSettings } from '../dev/server/settings.ts';
import { buildSite } from '../scripts/buildSite.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { startNetlifyDemo } from './startNetlifyDemo.ts';

// `npm run start:netlify`: the same parts under Netlify's own emulator.
await runUntilStopped(async () => {
  // Here, so that a mistake in it is told as any other.
  const { default: policy } = await import('../daypass.config.ts');
  await buildSite();
  return startNetlifyDemo(readSettings(process.env, policy), policy, { projectRoot: process.cwd() });
});

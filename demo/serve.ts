import { toConsole } from '../dev/server/serveSite.ts';
import { readSettings } from '../dev/server/settings.ts';
import { buildSite } from '../scripts/buildSite.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { startDemo } from './startDemo.ts';

// `npm start`: the whole of Daypass in one process.
await runUntilStopped(async () => {
  // Here, so that a mistake in it is told as any other.
  const { default: policy } = await import('../daypass.config.ts');
  await buildSite();
  return startDemo(readSettings(process.env, policy), policy, { output: toConsole });
});

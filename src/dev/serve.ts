import { buildSite } from '../../scripts/buildSite.ts';
import { logLine } from '../runtime/log.ts';
import { runUntilStopped } from './runUntilStopped.ts';
import { readSettings } from './settings.ts';
import { startDevServer } from './startDevServer.ts';

// `npm start`: the whole of Daypass in one process.
await runUntilStopped(async () => {
  // Here, so that a mistake in it is told as any other.
  const { default: policy } = await import('../../daypass.config.ts');
  await buildSite();
  return startDevServer(readSettings(process.env, policy), policy, { log: logLine });
});

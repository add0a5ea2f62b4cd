import { runUntilStopped } from '../../../demo/runUntilStopped.ts';
import { startDemo } from '../../../demo/startDemo.ts';
import { toConsole } from '../../../dev/server/serveSite.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { buildSite } from '../../../scripts/buildSite.ts';
import { djangoPolicy } from './policy.ts';
import { startDjango } from './start.ts';

// `npm run start:django`: as `npm start`, with examples/django behind the gate.
await runUntilStopped(async () => {
  const settings = readSettings(process.env, djangoPolicy);
  if (settings.upstreams.DAYPASS_UPSTREAM) {
    throw new Error('DAYPASS_UPSTREAM names another backend: unset it to run Django, or run npm start.');
  }
  await buildSite();
  const output = {
    print: (line: string) => console.log(line),
    log: (text: string) => process.stderr.write(text),
  };
  return startDemo(settings, djangoPolicy, {
    output: toConsole,
    startApi: (verifier) => startDjango(verifier, output),
  });
});

import { parseArgs } from 'node:util';
import { runUntilStopped } from './runUntilStopped.ts';
import { startDevServer } from './server/start.ts';

const usage = `Usage: node dev/serve.ts [options]

Serves a site with stand-ins of Netlify Identity and Redis.

  --root <folder>    the site, with netlify/ and daypass.config.ts. Default: this folder
  --upstream <url>   the backend behind the gate. Default: the variables that the policy names
  --port <number>    default: PORT, else 8888

Variables: PORT, HOST, PUBLIC_URL, the site's own, and IDENTITY_URL, UPSTASH_REDIS_REST_URL or REDIS_URL for others than the
stand-ins.`;

const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    upstream: { type: 'string' },
    port: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(usage);
} else {
  const { env } = process;
  await runUntilStopped(() =>
    startDevServer({
      root: values.root ?? '.',
      upstream: values.upstream,
      port: Number(values.port ?? (env.PORT || 8888)),
      ...(env.HOST && { host: env.HOST }),
      publicUrl: env.PUBLIC_URL || undefined,
      variables: env,
    }),
  );
}

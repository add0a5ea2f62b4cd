import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startDevIdentity } from '../../../dev/identity/start.ts';
import { type Listening, listen } from '../../../dev/listen.ts';
import { type DevRedis, startDevRedis } from '../../../dev/redis/start.ts';
import type { DevServer } from '../../../dev/server/serveSite.ts';
import { startDevServer } from '../../../dev/server/start.ts';
import { startDevTurnstile } from '../../../dev/turnstile.ts';
import { introspectionSecret, maintenanceBearer } from '../../../src/token/keys.ts';
import { type Canaries, createCanaries, newCanary } from '../../support/canaries.ts';
import { installPacked, packPackage } from '../../support/packed.ts';

// A site as a stranger would have it: the package as it is packed, every entry, and a GoTrue of one's own whose webhook is
// signed. All of its secrets are planted.

const files: Readonly<Record<string, string>> = {
  'netlify.toml': '[build]\n  publish = "public"\n',
  'public/index.html': '<h1>A shop</h1>',
  'daypass.config.ts': `
    import { definePolicy } from 'daypass/netlify';
    export default definePolicy({
      audiences: { api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY', scopes: ['read', 'write'] } },
      admission: { proof: 'turnstile', turnstile: { siteKey: '0x4AAAAAAA' }, members: 'allow' },
      routes: [{ path: '/api/write', scope: 'write' }, { path: '/api/*' }],
    });`,
  'withoutProof.config.ts': `
    import { definePolicy } from 'daypass/netlify';
    export default definePolicy({
      audiences: { api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' } },
      admission: { members: 'allow' },
    });`,
  'netlify/functions/session.ts': `
    import { createBroker } from 'daypass/netlify';
    export default createBroker(() => import('../../daypass.config.ts'));
    export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };`,
  'netlify/functions/hello.ts': `
    import { protect } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default protect((_request, { accessToken }) => Response.json({ you: accessToken.subject }), { policy });
    export const config = { path: '/hello' };`,
  // Cloudflare is the stand-in; nothing else about the function differs from what the documents show.
  'netlify/functions/identity.ts': `
    import { createIdentityFunction } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    const send = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const isCloudflare = String(input).startsWith('https://challenges.cloudflare.com/');
      return send(isCloudflare ? Netlify.env.get('TURNSTILE_STAND_IN') : input, init);
    };
    const { userValidate } = createIdentityFunction(policy);
    export default { userValidate };`,
  'netlify/functions/webhook.ts': `
    import { createIdentityWebhook } from 'daypass/identity';
    import identity from './identity.ts';
    export default createIdentityWebhook(identity);
    export const config = { path: '/identity/webhook' };`,
  'netlify/functions/sweep.ts': `
    import { createSweep } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default createSweep(policy);
    export const config = { schedule: '@hourly' };`,
  'netlify/edge-functions/gate.ts': `
    import { createGate } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default createGate(policy);
    export const config = { path: '/api/*' };`,
  'netlify/edge-functions/guard.ts': `
    import { createSignupGuard } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default createSignupGuard(policy);
    export const config = { path: '/.netlify/identity/*', onError: 'bypass' };`,
};

export interface PlantedSite {
  root: string;
  canaries: Canaries;
  /** The variables of the site, all secrets among them. */
  variables: Record<string, string>;
  maintenanceBearer: string;
  introspectionSecret: string;
  /** What a sign-up sends as its proof. */
  issueProof(): string;
  /** Looks at what was written, while all secrets that it must not hold are planted. */
  inspect(place: string, text: string): void;
  /** Where a canary was found since the last time. */
  takeLeaks(): string[];
  /** All codes and events that the site has logged. */
  readonly logged: string;
  /** The site whose webhook Identity calls. */
  siteUrl: string;
  /**
   * Starts the dev server.
   * @param changes variables that make another site of it
   * @param config a file in place of `daypass.config.ts`
   */
  start(changes?: Record<string, string>, config?: string): Promise<DevServer>;
  /** Ends one part, as an outage does. */
  end(part: 'identity' | 'redis' | 'upstream' | 'turnstile'): Promise<void>;
  close(): Promise<void>;
}

/** Plants a secret in each place that takes one. */
export async function plantSite(): Promise<PlantedSite> {
  const canaries = createCanaries();
  const secret = (name: string) => canaries.plant(name, newCanary());
  const root = await mkdtemp(join(tmpdir(), 'daypass-canaries-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await installPacked(root, 'daypass', (await packPackage('daypass', root)).tarball);

  const privateSecret = secret('DAYPASS_PRIVATE_SECRET');
  const turnstileSecret = secret('TURNSTILE_SECRET_KEY');
  const webhookSecret = secret('IDENTITY_WEBHOOK_SECRET');
  const jwtSecret = secret('IDENTITY_JWT_SECRET');
  const operatorToken = secret('IDENTITY_OPERATOR_TOKEN');
  const turnstile = await startDevTurnstile({ secretKey: turnstileSecret });
  const redis: DevRedis = await startDevRedis({
    backend: 'memory',
    token: secret('UPSTASH_REDIS_REST_TOKEN'),
  });
  const events = {
    target: (request: Request) => fetch(`${planted.siteUrl}/identity/webhook`, request),
    names: ['validate'] as const,
  };
  const identity = await startDevIdentity({ jwtSecret, webhookSecret, operatorToken, events });
  const upstream: Listening = await listen(() => Response.json({ message: 'Hello' }));
  const parts = { identity, redis, upstream, turnstile };
  const variables = {
    DAYPASS_SECRET: secret('DAYPASS_SECRET'),
    DAYPASS_SECRET_SECONDARY: secret('DAYPASS_SECRET_SECONDARY'),
    DAYPASS_PRIVATE_SECRET: privateSecret,
    DAYPASS_UPSTREAM: upstream.url,
    TURNSTILE_SECRET_KEY: turnstileSecret,
    TURNSTILE_STAND_IN: turnstile.url,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    IDENTITY_URL: identity.url,
    IDENTITY_OPERATOR_TOKEN: operatorToken,
    IDENTITY_JWT_SECRET: jwtSecret,
    IDENTITY_WEBHOOK_SECRET: webhookSecret,
  };
  let leaks: string[] = [];
  let logged = '';
  const servers: DevServer[] = [];
  const ended = new Set<string>();
  const end: PlantedSite['end'] = async (part) => {
    if (ended.has(part)) return;
    ended.add(part);
    await parts[part].close();
  };
  const planted: PlantedSite = {
    root,
    canaries,
    variables,
    maintenanceBearer: canaries.plant('maintenance bearer', await maintenanceBearer(privateSecret)),
    introspectionSecret: canaries.plant(
      'introspection secret',
      await introspectionSecret(privateSecret, 'api'),
    ),
    issueProof: () => turnstile.issueToken(),
    siteUrl: '',
    inspect(place, text) {
      for (const name of canaries.findIn(text)) leaks.push(`${name} in ${place}: ${text.slice(0, 300)}`);
    },
    takeLeaks() {
      const taken = leaks;
      leaks = [];
      return taken;
    },
    get logged() {
      return logged;
    },
    async start(changes = {}, config) {
      const server = await startDevServer({
        root,
        ...(config && { config: join(root, config) }),
        variables: { ...variables, ...changes },
        output: (text, stream) => {
          logged += `${text}\n`;
          planted.inspect(`what the site wrote to ${stream}`, text);
        },
      });
      servers.push(server);
      planted.siteUrl = server.url;
      return server;
    },
    end,
    async close() {
      for (const server of servers) await server.close();
      for (const part of ['identity', 'redis', 'upstream', 'turnstile'] as const) await end(part);
      await rm(root, { recursive: true, force: true });
    },
  };
  return planted;
}

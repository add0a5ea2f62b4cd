import { randomBytes } from 'node:crypto';
import { startDevRedis } from '../dev/redis/start.ts';
import type { NamedSetup } from './setups.ts';
import { node } from './support/backends.ts';
import { configs, withPolicy } from './support/siteFiles.ts';

const newSecret = () => randomBytes(32).toString('base64url');

/** A gate that sees another value of a variable than the broker does. */
const gateWith = (name: string, value: string) => `${withPolicy}
const gate = inDeploy(createGate(policy));
let first;
export default async (request, context) => {
  if (first) { await first; return gate(request, context); }
  const kept = process.env.${name};
  process.env.${name} = ${JSON.stringify(value)};
  first = gate(request, context).finally(() => { process.env.${name} = kept; });
  return first;
};
${configs.gate}`;

/** Lets a field of a visitor's through that the platform sets, under a name that the dev server does not strip. */
const relay =
  (name: string): NonNullable<NamedSetup['front']> =>
  (headers) => {
    const value = headers.get(`x-nf-${name}`);
    if (value !== null) headers.set(`x-relay-${name}`, value);
    return undefined;
  };

/** Functions, variables and Redis of the site. */
export const siteSetups: readonly NamedSetup[] = [
  { name: 'healthy, a Node backend', expected: undefined, isQuick: true },
  {
    name: 'healthy, admission by proof of work, for pages of another origin',
    expected: undefined,
    site: {
      policy: {
        origins: ['https://partner.example'],
        admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 50, maxDifficulty: 100 } },
      },
    },
    doctor: { origins: ['https://partner.example'] },
  },
  {
    name: 'healthy, seen by a visitor',
    expected: undefined,
    doctor: { hasPolicy: false, variables: blank() },
  },
  {
    name: 'site password',
    expected: 'site_password',
    isQuick: true,
    front: () => new Response('<!doctype html><title>Password</title>', { status: 401 }),
  },
  {
    name: 'private project of a team',
    expected: 'site_password',
    front: () => Response.redirect('https://app.netlify.com/authorize', 302),
  },
  {
    name: 'an address that leads to the primary domain',
    expected: 'site_redirects',
    front: () => Response.redirect('https://www.site.example/', 301),
  },
  {
    name: 'broker not routed',
    expected: 'broker_not_found',
    isQuick: true,
    site: {
      entries: {
        session: `${withPolicy}export default inDeploy(createBroker(policy));\nexport const config = { path: '/broker/*' };\n`,
      },
    },
  },
  {
    name: 'broker fails when it is loaded',
    expected: 'broker_failed',
    site: { entries: { session: `export default () => { throw new Error('no'); };\n${configs.session}` } },
  },
  {
    name: 'metadata not routed',
    expected: 'metadata_not_routed',
    site: {
      entries: {
        session: `${withPolicy}export default inDeploy(createBroker(policy));\nexport const config = { path: '/session/*' };\n`,
      },
    },
  },
  {
    name: 'policy with a mistake',
    expected: 'policy_invalid',
    site: { faultyPolicy: 'export default definePolicy({ accessToken: { ttlSeconds: 5 } });' },
  },
  {
    name: 'issuer with a slash in the policy',
    expected: 'policy_invalid',
    site: { faultyPolicy: "export default definePolicy({ issuer: 'https://site.example/' });" },
  },
  {
    name: 'missing private secret',
    expected: 'variable_missing',
    isQuick: true,
    site: { preamble: 'delete process.env.DAYPASS_PRIVATE_SECRET;' },
  },
  {
    name: 'weak secret',
    expected: 'secret_weak',
    isQuick: true,
    variables: { DAYPASS_SECRET: 'changeme-changeme-changeme-changeme' },
    backend: node(() => ({ secret: newSecret() })),
  },
  {
    name: 'sessions not before a day that is yet to come',
    expected: 'sessions_not_before_ahead',
    variables: { DAYPASS_SESSIONS_NOT_BEFORE: new Date(Date.now() + 86_400_000).toISOString() },
  },
  {
    name: 'upstream over http on another machine',
    expected: 'variable_invalid',
    backend: 'http://backend.example',
  },
  { name: 'mode monitor', expected: 'mode_monitor', site: { policy: { mode: 'monitor' } } },
  {
    name: 'open while Redis is away',
    expected: 'store_failure_allow',
    site: { policy: { storeFailure: 'allow' } },
  },
  {
    name: 'Turnstile',
    expected: 'turnstile_no_trial',
    site: {
      policy: { admission: { proof: 'turnstile', turnstile: { siteKey: '0x4AAAAAAAAAAAAAAAAAAAAA' } } },
    },
    variables: { TURNSTILE_SECRET_KEY: '0x4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  },
  {
    name: 'clock of the site ten minutes slow',
    expected: 'clock_site',
    site: { preamble: 'const now = Date.now; Date.now = () => now() - 600_000;' },
  },
  {
    name: 'clock of the site ten minutes fast',
    expected: 'clock_site',
    site: { preamble: 'const now = Date.now; Date.now = () => now() + 600_000;' },
  },
  {
    name: 'clock of doctor’s own machine ten minutes fast',
    expected: 'clock_here',
    doctor: { aheadSeconds: 600 },
  },
  {
    name: 'x-nf-request-id not stripped',
    expected: 'platform_fields_believed',
    front: relay('request-id'),
    site: {
      entries: {
        session: `${withPolicy}
const broker = inDeploy(createBroker(policy));
export default (request, context) =>
  broker(request, { ...context, requestId: request.headers.get('x-relay-request-id') ?? context.requestId });
${configs.session}`,
      },
    },
  },
  {
    name: 'x-nf-identity-info not stripped',
    expected: 'platform_fields_believed',
    isQuick: true,
    front: relay('identity-info'),
    site: {
      entries: {
        session: `${withPolicy}
const broker = inDeploy(createBroker(policy));
export default async (request, context) => {
  const info = request.headers.get('x-relay-identity-info');
  if (info === null) return broker(request, context);
  process.env.IDENTITY_OPERATOR_TOKEN = JSON.parse(atob(info)).token;
  try { return await inDeploy(createBroker(policy))(request, context); }
  finally { delete process.env.IDENTITY_OPERATOR_TOKEN; }
};
${configs.session}`,
      },
    },
  },
  {
    name: 'gate not routed',
    expected: 'gate_not_routed',
    isQuick: true,
    site: {
      entries: {
        gate: `${withPolicy}export default inDeploy(createGate(policy));\nexport const config = { path: '/gate/*' };\n`,
      },
    },
  },
  {
    name: 'gate lacks the private secret',
    expected: 'gate_not_configured',
    site: { entries: { gate: gateWith('DAYPASS_PRIVATE_SECRET', '') } },
  },
  {
    name: 'gate fails when it is loaded',
    expected: 'gate_failed',
    site: { entries: { gate: `export default () => { throw new Error('no'); };\n${configs.gate}` } },
  },
  {
    name: 'gate has another secret than the broker',
    expected: 'gate_refuses_token',
    site: { entries: { gate: gateWith('DAYPASS_SECRET', newSecret()) } },
  },
  {
    name: 'gate has another Redis than the broker',
    expected: 'revocation_unseen',
    isQuick: true,
    around: async () => {
      const { url, token, close } = await startDevRedis({ backend: 'memory' });
      return { variables: { OTHER_URL: url, OTHER_TOKEN: token }, close };
    },
    site: {
      entries: {
        gate: `${withPolicy}
const gate = inDeploy(createGate(policy));
let first;
export default async (request, context) => {
  if (first) { await first; return gate(request, context); }
  const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, OTHER_URL, OTHER_TOKEN } = process.env;
  Object.assign(process.env, { UPSTASH_REDIS_REST_URL: OTHER_URL, UPSTASH_REDIS_REST_TOKEN: OTHER_TOKEN });
  first = gate(request, context).finally(() => Object.assign(process.env, { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN }));
  return first;
};
${configs.gate}`,
      },
    },
  },
  {
    name: 'CORS: an origin that the policy does not list',
    expected: 'origin_not_allowed',
    isQuick: true,
    site: { policy: { origins: ['https://partner.example'] } },
    doctor: { origins: ['https://partner.example', 'https://app.example'] },
  },
  {
    name: 'Redis unreachable',
    expected: 'redis_unreachable',
    variables: { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: newSecret() },
  },
  {
    name: 'Redis token wrong',
    expected: 'redis_token_refused',
    isQuick: true,
    around: async () => {
      const { url, close } = await startDevRedis({ backend: 'memory' });
      return {
        variables: { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: newSecret() },
        close,
      };
    },
  },
  {
    name: 'Redis read-only',
    expected: 'redis_read_only',
    needs: 'redis-server',
    spoil: (site) => redis(site, 'ACL', 'SETUSER', 'default', '-@write'),
  },
  {
    name: 'Redis full',
    expected: 'redis_full',
    needs: 'redis-server',
    spoil: (site) => redis(site, 'CONFIG', 'SET', 'maxmemory', '1'),
  },
  {
    name: 'Redis evicts (allkeys-lru)',
    expected: 'redis_evicts',
    needs: 'redis-server',
    spoil: async (site) => {
      await redis(site, 'CONFIG', 'SET', 'maxmemory', '100mb');
      await redis(site, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    },
  },
];

/** Sends the Redis of a site a command. */
async function redis(site: Parameters<NonNullable<NamedSetup['spoil']>>[0], ...command: string[]) {
  const { url = '', token = '' } = site.parts.redis ?? {};
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(command),
  });
  const answer = (await response.json()) as { result?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(`Redis refused ${command[0]}: ${answer.error}`);
}

/** A visitor has nothing at hand. */
function blank(): Record<string, string> {
  return Object.fromEntries(
    [
      'DAYPASS_SECRET',
      'DAYPASS_PRIVATE_SECRET',
      'DAYPASS_UPSTREAM',
      'UPSTASH_REDIS_REST_URL',
      'UPSTASH_REDIS_REST_TOKEN',
    ].map((name) => [name, '']),
  );
}

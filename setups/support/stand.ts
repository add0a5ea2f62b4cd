import { type Diagnosis, diagnose } from '../../cli/doctor/diagnose.ts';
import type { DevIdentityOptions } from '../../dev/identity/options.ts';
import { type Listening, listen } from '../../dev/listen.ts';
import type { DevServer } from '../../dev/server/serveSite.ts';
import { startDevServer } from '../../dev/server/start.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { asUpstream, node, type StartBackend } from './backends.ts';
import { type SiteOptions, writeSite } from './siteFiles.ts';

/** A site with everything around it, as a set-up describes it; what is left out is as it should be. */
export interface Setup {
  readonly site?: SiteOptions;
  /** Default: a Node backend behind a firewall. A URL for one that is not started, null for none. */
  readonly backend?: StartBackend | string | null;
  /** Variables of the site. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly identity?: DevIdentityOptions;
  /** Stands between visitors and the site: changes the fields of their requests, or answers in its place. */
  readonly front?: (headers: Headers) => Response | undefined;
  /** Starts more: a GoTrue of one's own, a second Redis. What it gives are variables of the site. */
  readonly around?: (
    site: () => DevServer,
  ) => Promise<{ variables: Record<string, string>; close(): Promise<void> }>;
  /** Spoils what runs already. */
  readonly spoil?: (site: DevServer) => Promise<void>;
  readonly doctor?: {
    origins?: readonly string[];
    path?: string;
    backend?: string;
    variables?: Readonly<Record<string, string>>;
    /** Whether doctor runs in the folder of the site. Default: yes. */
    hasPolicy?: boolean;
    identityUrl?: string;
    /** How far the clock of doctor's machine is ahead. */
    aheadSeconds?: number;
  };
}

/** What the owner has at hand. */
const ownersVariables = [
  'DAYPASS_SECRET',
  'DAYPASS_SECRET_SECONDARY',
  'DAYPASS_PRIVATE_SECRET',
  'DAYPASS_UPSTREAM',
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
];

/** What `npm run setups` and a test look at. */
export interface Outcome {
  readonly diagnosis: Diagnosis;
  /** Secrets and tokens that must be in no output. */
  readonly secrets: readonly string[];
}

const policyOf = (setup: Setup) => ({
  routes: [{ path: '/api/hello' }, { path: '/api/*' }],
  ...setup.site?.policy,
});

/** Starts a set-up, has doctor look at it, and stops it. */
export async function diagnoseSetup(setup: Setup, redisBackend: 'redis-server' | 'memory'): Promise<Outcome> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const policy = policyOf(setup);
    const files = await writeSite({ ...setup.site, policy });
    closers.push(files.remove);
    let server: DevServer | undefined;
    const site = () => server as DevServer;
    const around = await setup.around?.(site);
    if (around) closers.push(around.close);
    const front = setup.front && (await listenInFront(setup.front, site));
    if (front) closers.push(front.close);
    const { backend = node() } = setup;
    const variables = { ...setup.variables, ...around?.variables };
    server = await startDevServer({
      root: files.root,
      publish: files.root,
      ...(backend !== null && {
        upstream: typeof backend === 'string' ? backend : asUpstream(backend, policy.issuer),
      }),
      variables,
      redisBackend,
      output: () => undefined,
      ...(setup.identity && { identity: setup.identity }),
      ...(front && { publicUrl: front.url }),
    });
    closers.push(server.close);
    await setup.spoil?.(server);
    const { environment, operatorToken } = server.parts;
    const { doctor = {} } = setup;
    const owns = Object.fromEntries(
      ownersVariables.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
    );
    const known = { CONTEXT: setup.site?.deployContext ?? 'production', ...owns, ...doctor.variables };
    const diagnosis = await diagnose({
      url: server.publicUrl,
      path: '/api/hello',
      backend: doctor.backend,
      origins: doctor.origins ?? [],
      variables: known,
      identityUrl: doctor.identityUrl,
      now: () => Date.now() + (doctor.aheadSeconds ?? 0) * 1000,
      policy: doctor.hasPolicy === false ? undefined : definePolicy(policy),
      ...(doctor.path && { path: doctor.path }),
    });
    const secrets = Object.entries({ ...known, ...variables })
      .filter(([name]) => /SECRET|TOKEN/.test(name))
      .map(([, value]) => value);
    return { diagnosis, secrets: [...secrets, operatorToken] };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** The address that visitors see, in front of the site. */
async function listenInFront(front: NonNullable<Setup['front']>, site: () => DevServer): Promise<Listening> {
  const { url, close } = await listen(async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set('x-forwarded-host', headers.get('host') ?? '');
    const body = request.body ? await request.arrayBuffer() : undefined;
    const own = front(headers);
    if (own) return own;
    const response = await fetch(site().url + pathname + search, {
      method: request.method,
      headers,
      redirect: 'manual',
      ...(body && { body }),
    });
    const answer = new Headers(response.headers);
    // fetch has decoded the body.
    for (const name of ['content-encoding', 'content-length']) answer.delete(name);
    return new Response(response.body, { status: response.status, headers: answer });
  });
  return { url: url.replace('127.0.0.1', 'localhost'), close };
}

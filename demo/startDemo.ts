import { join } from 'node:path';
import type { Output } from '../dev/server/host.ts';
import type { PartsOptions, Upstream } from '../dev/server/parts.ts';
import { type DevServer, serveSite } from '../dev/server/serveSite.ts';
import type { DevSettings } from '../dev/server/settings.ts';
import { readEnvironment } from '../src/netlify/environment.ts';
import type { Policy } from '../src/policy/types.ts';
import type { Log } from '../src/protocol/log.ts';
import type { SiteOptions } from '../src/token/createVerifier.ts';
import { maintenanceBearer } from '../src/token/keys.ts';
import { createDevLab } from './lab/createLab.ts';
import { watchLimits } from './lab/limits.ts';
import { startSampleApi } from './sampleApi.ts';
import { createStackControl } from './stack/control.ts';
import { createKills } from './stack/kills.ts';
import { watchIdentity } from './stack/watchIdentity.ts';

/** The demo: this repository's own site with the lab beside it. */
export interface DemoServer extends DevServer {
  /** The bearer of the broker's endpoints for the site's owner. */
  maintenanceBearer: string;
}

export interface DemoOptions extends Omit<PartsOptions, 'startUpstream'> {
  /** Starts the API behind the gate, given how to verify tokens. Default: the sample API. */
  startApi?: (verifier: SiteOptions) => Promise<Upstream>;
  /** The folder of the site's files. Default: where `npm run build` puts them, `dist/site`. */
  publishFolder?: string | undefined;
  /** Takes each event that the site's functions log. */
  log?: Log;
  /** Takes each line that they write. Default: only what goes to stderr is shown. */
  output?: Output;
}

const root = join(import.meta.dirname, '..');

/** A sweep takes users that are 20 minutes old; nobody at the demo page wants to wait for that. */
const sweepAgeSeconds = 21 * 60;

/**
 * Serves this repository's site with the lab, whose page can change the policy, stop Redis and kill an exchange.
 * @param policy in place of the one in `daypass.config.ts`
 * @throws {ConfigurationError} a TypeError: policy or settings are at fault
 * @throws {Error} the port is in use
 */
export async function startDemo(
  settings: DevSettings,
  policy: Policy,
  options: DemoOptions = {},
): Promise<DemoServer> {
  const {
    log = () => undefined,
    startApi = startSampleApi,
    publishFolder = join(root, 'dist/site'),
  } = options;
  const bearer = await checkSettings(settings, policy);
  let arm: (() => void) | undefined;
  let atIdentity: ReturnType<typeof createKills>['atIdentity'] = (request, serve) => serve(request);
  let sawEvent: () => void = () => undefined;
  let watchLog = log;
  const server = await serveSite(root, settings, policy, {
    ...(options.identity && { identity: options.identity }),
    ...(options.redisBackend && { redisBackend: options.redisBackend }),
    config: policyModule(policy),
    publish: publishFolder,
    output: (line, stream) => {
      options.output?.(line, stream);
      if (!options.output && stream === 'stderr') process.stderr.write(`${line}\n`);
      logLine(line, watchLog);
    },
    startUpstream: ({ publicUrl }) => startApi(verifierOf(settings, policy, publicUrl)),
    atIdentity: (request, serve) => atIdentity(request, serve),
    onEvent: () => sawEvent(),
    ownRoutes: (parts, urls, { crash, reload }) => {
      const emailOf = (id: string) => parts.identity?.users.list().find((user) => user.id === id)?.email;
      const kills = createKills({
        crash,
        isThrowaway: (id) => emailOf(id)?.endsWith(`@${policy.throwaway.emailDomain}`) === true,
      });
      ({ atIdentity } = kills);
      if (!settings.identity) arm = kills.arm;
      const watch = watchIdentity(settings, true);
      sawEvent = watch.sawEvent;
      const stack = createStackControl({
        policy,
        redis: parts.redis,
        apply: (changed) => reload(policyModule(changed)),
        armKill: arm,
        ageOrphans: () => {
          for (const id of kills.orphans()) parts.identity?.users.age(id, sweepAgeSeconds);
        },
      });
      const limits = watchLimits({ policy, restApi: restApiOf(parts.environment), redis: parts.redis, log });
      watchLog = limits.log;
      const secrets = { operatorToken: parts.operatorToken, maintenanceBearer: bearer };
      const lab = createDevLab(settings, policy, secrets, urls, stack, limits, watch, log);
      return (request, clientAddress) =>
        /^\/dev(\/|$)/.test(new URL(request.url).pathname)
          ? lab.fetch(request, { clientAddress })
          : undefined;
    },
  });
  return { ...server, maintenanceBearer: bearer };
}

/**
 * Checks all that a site of this policy reads of its environment before anything is started.
 * @returns the bearer of the site's owner
 */
export async function checkSettings(settings: DevSettings, policy: Policy): Promise<string> {
  const local = 'http://127.0.0.1';
  const variables: Readonly<Record<string, string | undefined>> = {
    ...settings.secrets,
    ...settings.upstreams,
    UPSTASH_REDIS_REST_URL: settings.redis?.url ?? local,
    UPSTASH_REDIS_REST_TOKEN: settings.redis?.token ?? 'none',
    IDENTITY_URL: settings.identity?.url,
    URL: settings.publicUrl,
  };
  await readEnvironment(policy, (name) => variables[name]);
  return maintenanceBearer(settings.secrets.DAYPASS_PRIVATE_SECRET ?? '');
}

export function verifierOf(settings: DevSettings, policy: Policy, siteUrl: string): SiteOptions {
  const { secretVariable, secondarySecretVariable } = Object.values(policy.audiences)[0] ?? {};
  return {
    secret: settings.secrets[secretVariable ?? ''],
    secondarySecret: settings.secrets[secondarySecretVariable ?? ''],
    issuer: policy.issuer ?? siteUrl,
    audience: policy.defaultAudience,
    deployContexts: ['dev'],
  };
}

/** Redis as the site's functions reach it. */
export function restApiOf(environment: Readonly<Record<string, string>>): { url: string; token: string } {
  const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = environment;
  return { url, token };
}

/** A module that exports the policy, to stand in the place of `daypass.config.ts`. */
function policyModule(policy: Policy): string {
  const mark = new URL('../src/policy/define.ts', import.meta.url).href;
  const source = `
    import { markPolicy } from ${JSON.stringify(mark)};
    const policy = ${JSON.stringify(policy)};
    markPolicy(policy);
    export default policy;
  `;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Hands on what is a line of the product's log; others are of no interest to it. */
function logLine(line: string, log: Log): void {
  if (!line.startsWith('{"daypass":')) return;
  const { daypass, ...fields } = JSON.parse(line);
  log(daypass, fields);
}

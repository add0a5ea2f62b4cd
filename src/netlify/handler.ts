import type { App } from '../http/context.ts';
import { describeCause } from '../http/problem.ts';
import { createUnconfiguredApp } from '../http/statusPage.ts';
import { requirePolicy } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { toDeployContext } from '../protocol/wire.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { logLine, type PlatformContext, readVariable } from './platform.ts';
import type { DeployInfo } from './wire.ts';

/** The signature of Netlify's functions and edge functions alike. */
export type NetlifyHandler = (request: Request, context: PlatformContext) => Promise<Response>;

/**
 * A policy, or what loads the file that holds it, `() => import(…)`. A policy that is imported
 * throws where it is at fault, and the function with it; one that is loaded becomes a finding of `/session/status`.
 */
export type PolicySource = Policy | (() => Promise<{ default: Policy }>);

/** Makes what answers in the place of an app that cannot be built; logs the problems. */
type StandIn = (problems: readonly string[], log: Log, part: 'secrets' | 'policy') => App;

/**
 * Makes a Netlify handler of a Hono app. The app is built at the first request, since only then the platform reveals
 * where it runs, and kept for the life of the instance.
 * @param standIn made instead while policy or environment is at fault. Default: it refuses everything
 */
export function createHandler(
  source: PolicySource,
  build: (environment: Environment, deployInfo: DeployInfo, policy: Policy) => App,
  standIn: StandIn = createUnconfiguredApp,
): NetlifyHandler {
  let app: Promise<App> | undefined;
  return async (request, context) => {
    app ??= configure(source, context, build, standIn);
    return (await app).fetch(request, {
      clientAddress: context.ip || undefined,
      waitUntil: (work) => context.waitUntil?.(work),
      requestId: context.requestId,
    });
  };
}

async function configure(
  source: PolicySource,
  context: PlatformContext,
  build: (environment: Environment, deployInfo: DeployInfo, policy: Policy) => App,
  standIn: StandIn,
): Promise<App> {
  const policy = typeof source === 'function' ? await load(source) : source;
  if (Array.isArray(policy)) return standIn(policy, logLine, 'policy');
  try {
    const environment = await readEnvironment(policy, readVariable);
    return build(environment, readDeployInfo(policy, environment, context), policy);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return standIn(error.problems, logLine, 'secrets');
  }
}

/** Loads a policy; what is wrong with its file, where it cannot be loaded. */
async function load(source: () => Promise<{ default: Policy }>): Promise<Policy | string[]> {
  const file = 'daypass.config.ts';
  try {
    const { default: policy } = await source();
    requirePolicy(`The default export of ${file}`, policy);
    return policy;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map((problem) => `${file}: ${problem}`);
    // What a file of the site's own throws may say more than a stranger should read.
    logLine('policy_not_loaded', { cause: describeCause(error) });
    return [`${file} could not be loaded: the log of this function says why.`];
  }
}

/** Which deploy this instance belongs to. */
export function readDeployInfo(
  policy: Policy,
  environment: Environment,
  context: PlatformContext,
): DeployInfo {
  // At the edge only the context holds the site's URL; in functions the variable URL does too.
  const named = context.site?.url ?? '';
  const site = environment.siteUrl ?? (URL.canParse(named) ? new URL(named).origin : undefined);
  const issuer = policy.issuer ?? site;
  if (!issuer) {
    throw new ConfigurationError(['The platform named no site URL: set issuer in daypass.config.ts.']);
  }
  return { issuer, deployContext: toDeployContext(context.deploy?.context) };
}

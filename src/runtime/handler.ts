import type { App } from '../http/caller.ts';
import { createUnconfiguredApp } from '../http/unconfiguredApp.ts';
import type { Policy } from '../policy/types.ts';
import { toDeployContext } from '../protocol/deployContext.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { logLine } from './log.ts';
import { type PlatformContext, readVariable } from './platform.ts';
import type { Place } from './wire.ts';

/** The signature of Netlify's functions and edge functions alike. */
export type NetlifyHandler = (request: Request, context: PlatformContext) => Promise<Response>;

/** Makes what answers in the place of an app that cannot be built; logs the problems. */
type StandIn = (problems: readonly string[], log: Log) => App;

/**
 * Makes a Netlify handler of a Hono app. The app is built at the first request, since only then the platform tells
 * where it runs, and kept for the life of the instance.
 * @param standIn made instead while policy or environment is at fault. Default: it refuses everything
 */
export function createHandler(
  policy: Policy,
  build: (environment: Environment, place: Place) => App,
  standIn: StandIn = createUnconfiguredApp,
): NetlifyHandler {
  let app: Promise<App> | undefined;
  return async (request, context) => {
    app ??= configure(policy, context, build, standIn);
    return (await app).fetch(request, {
      clientAddress: context.ip || undefined,
      waitUntil: (work) => context.waitUntil?.(work),
    });
  };
}

async function configure(
  policy: Policy,
  context: PlatformContext,
  build: (environment: Environment, place: Place) => App,
  standIn: StandIn,
): Promise<App> {
  try {
    const environment = await readEnvironment(policy, readVariable);
    return build(environment, placeOf(policy, environment, context));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return standIn(error.problems, logLine);
  }
}

/** Where this instance runs, and so whose tokens it mints and takes. */
export function placeOf(policy: Policy, environment: Environment, context: PlatformContext): Place {
  // The edge is told the site's URL by its context alone, functions by the variable URL as well.
  const named = context.site?.url ?? '';
  const site = environment.siteUrl ?? (URL.canParse(named) ? new URL(named).origin : undefined);
  const issuer = policy.issuer ?? site;
  if (!issuer) {
    throw new ConfigurationError(['The platform named no site URL: set issuer in daypass.config.ts.']);
  }
  return { issuer, deployContext: toDeployContext(context.deploy?.context) };
}

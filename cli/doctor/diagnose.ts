import { setTimeout } from 'node:timers/promises';
import type { CheckedRoute, Policy } from '../../src/policy/types.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import { plainLine } from '../output.ts';
import { aroundCheck, callCheck, openCheck } from './checks/backend.ts';
import { brokerChecks } from './checks/broker.ts';
import { clockCheck } from './checks/clocks.ts';
import { gateChecks } from './checks/gate.ts';
import { identityChecks } from './checks/identity.ts';
import { ownerChecks } from './checks/owner.ts';
import { beginChecks, cleanUp, revocationCheck } from './checks/session.ts';
import type { Finding } from './findings.ts';
import type { Check, Trial } from './trial.ts';

/** In the order in which they run. */
export const checks: readonly Check[] = [
  ...brokerChecks,
  ...identityChecks,
  ...gateChecks,
  ...ownerChecks,
  aroundCheck,
  clockCheck,
  ...beginChecks,
  callCheck,
  revocationCheck,
  openCheck,
];

export interface DiagnoseOptions {
  /** The site. */
  url: string;
  /** Where the backend answers by itself. Default: what the environment says. */
  backend?: string | undefined;
  /** A path of the API that answers GET with a token. Default: the first of the policy's routes that is one, else `/api/`. */
  path?: string | undefined;
  /** Identity, where it is not at the site. Default: `IDENTITY_URL` of the environment, else the site's. */
  identityUrl?: string | undefined;
  /** Other origins whose pages are to call. */
  origins?: readonly string[];
  /** The environment of the site or of its backend, as far as it is at hand. Default: none of it. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** The policy of the site, if it is at hand. */
  policy?: Policy | undefined;
  fetch?: typeof globalThis.fetch;
  /** The present, milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Default: a timer. */
  wait?: (milliseconds: number) => Promise<void>;
  /** Called before each check. */
  onCheck?: (title: string) => void;
}

/** What came of a check. */
export type Outcome = 'passed' | 'found' | 'skipped';

export interface Diagnosis {
  readonly url: string;
  readonly findings: readonly Finding[];
  readonly checks: readonly { readonly id: string; readonly title: string; readonly outcome: Outcome }[];
  /** What the site says its owner should know although all is well. */
  readonly warnings: readonly string[];
  /** What its tokens say. */
  readonly tokens: { issuer?: string; audience?: string; keyId?: string; deployContext?: string };
  /** Users of the trial that could not be deleted. */
  readonly leftovers: readonly string[];
}

/**
 * Finds out why a site does not work: tries all that a visitor does, and with the environment at hand all that its owner can,
 * and names each cause once. It leaves nothing behind; where it must, `leftovers` says what. Nothing in the answer is a secret
 * or a token.
 * @example
 * const { findings } = await diagnose({ url: 'https://your-site.example', path: '/api/hello' });
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const trial = openTrial(options);
  const found = new Map<string, Finding>();
  const outcomes = new Map<string, Outcome>();
  let leftovers: readonly string[] = [];
  const run = async (check: Check) => {
    const isReady = check.needs.every((id) => outcomes.get(id) === 'passed');
    if (!isReady || check.isDue?.(trial) === false) {
      // What there is nothing to look at for is no reason to skip others.
      outcomes.set(check.id, isReady ? 'passed' : 'skipped');
      return;
    }
    options.onCheck?.(check.title);
    const its = await check.run(trial);
    for (const each of its) if (!found.has(each.id)) found.set(each.id, each);
    outcomes.set(check.id, its.some(({ severity }) => severity === 'broken') ? 'found' : 'passed');
  };
  try {
    for (const check of checks) await run(check);
  } finally {
    leftovers = await cleanUp(trial);
  }
  return {
    url: trial.site,
    findings: [...found.values()],
    checks: checks.map(({ id, title }) => ({ id, title, outcome: outcomes.get(id) ?? 'skipped' })),
    warnings: (trial.status?.warnings ?? []).map(plainLine),
    tokens: describeTokens(trial),
    leftovers,
  };
}

/** What the tokens of the broker say; nothing of one that was signed here. */
function describeTokens({ token }: Trial): Diagnosis['tokens'] {
  if (!token?.isOfBroker) return {};
  const { iss: issuer, aud: audience, deploy_context: deployContext } = token.claims;
  const texts = { issuer, audience, keyId: token.keyId, deployContext };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, plainLine(value)]] : [],
    ),
  );
}

function openTrial(options: DiagnoseOptions): Trial {
  const { policy, variables = {}, now = Date.now } = options;
  const { routes = [] } = policy ?? {};
  const route =
    options.path === undefined
      ? (routes.find(isCallable) ?? routes.find(({ verify }) => verify))
      : routes.find((each) => takes(each, options.path ?? ''));
  const path = options.path ?? route?.path.replace(/\*$/, '') ?? '/api/';
  const site = new URL(options.url).origin;
  return {
    site,
    path,
    audience: route && route.audience !== policy?.defaultAudience ? route.audience : undefined,
    backendUrl: options.backend ?? (variables[route?.upstream ?? 'DAYPASS_UPSTREAM'] || undefined),
    identityUrl: (options.identityUrl ?? (variables.IDENTITY_URL || site + identityPath)).replace(/\/+$/, ''),
    origins: options.origins ?? [],
    variables,
    policy,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    now,
    wait: options.wait ?? (async (milliseconds) => void (await setTimeout(milliseconds))),
    clocks: {},
  };
}

/** Whether a route takes a path that is spelled as the route spells it. */
function takes(route: CheckedRoute, path: string): boolean {
  return route.path === path || (route.path.endsWith('*') && path.startsWith(route.path.slice(0, -1)));
}

/** Whether a route is one path that answers GET to anyone who has a token. */
function isCallable({ path, methods, verify }: CheckedRoute): boolean {
  return verify && !path.endsWith('*') && (methods === undefined || methods.includes('GET'));
}

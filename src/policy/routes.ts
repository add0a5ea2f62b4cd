import type { Checks } from './checks.ts';
import { checkCost, checkRouteLimits } from './limits.ts';
import type { Audience, CheckedAudience, CheckedCallLimits, CheckedRoute, Route } from './types.ts';

export const defaultAudiences = {
  api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY' },
} as const;

const defaultUpstream = 'DAYPASS_UPSTREAM';

const audienceName = /^[A-Za-z0-9._~-]{1,64}$/;

/** What routes may name. */
export interface KnownAudiences {
  /** All of them, the default first. An empty list is reported separately. */
  names: readonly string[];
  /** Those that could be read. */
  audiences: Readonly<Record<string, CheckedAudience>>;
}

/** Checks `audiences` and fills in their defaults. */
export function checkAudiences(checks: Checks, input: Readonly<Record<string, Audience>>): KnownAudiences {
  const given = checks.object('audiences', input);
  if (!given) return { names: [], audiences: {} };
  const names = Object.keys(given);
  checks.that(names.length > 0, 'audiences: name at least one');
  const variables = new Set<string>(['DAYPASS_PRIVATE_SECRET']);
  const audiences = Object.entries(given).flatMap(([name, value]) => {
    const audience = checkAudience(checks, name, value, variables);
    return audience ? [[name, audience] as const] : [];
  });
  return { names, audiences: Object.fromEntries(audiences) };
}

/** @param variables those that are taken already */
function checkAudience(
  checks: Checks,
  name: string,
  input: Audience,
  variables: Set<string>,
): CheckedAudience | undefined {
  const at = `audiences.${name}`;
  checks.text(at, name, audienceName, 'a name is 1 to 64 of A-Z a-z 0-9 . _ ~ -');
  const audience = checks.object(at, input, ['secret', 'secondarySecret', 'scopes']);
  if (!audience) return undefined;
  const { secret, secondarySecret } = audience;
  const named = checks.variable(`${at}.secret`, secret) ? [secret] : [];
  if (secondarySecret !== undefined && checks.variable(`${at}.secondarySecret`, secondarySecret)) {
    named.push(secondarySecret);
  }
  for (const variable of named) {
    checks.that(!variables.has(variable), `${at}: ${variable} is used twice; a key belongs to one audience`);
    variables.add(variable);
  }
  const scopes = checks.list(`${at}.scopes`, audience.scopes === undefined ? [] : audience.scopes);
  for (const scope of scopes) checks.scope(`${at}.scopes`, scope);
  return { secretVariable: secret, secondarySecretVariable: secondarySecret, scopes };
}

const routeKeys: readonly (keyof Route)[] = [
  'path',
  'audience',
  'scope',
  'methods',
  'upstream',
  'verify',
  'encodedSlashes',
  'limits',
  'cost',
];

/**
 * Checks `routes` and fills in their defaults.
 * @returns those that could be read
 */
export function checkRoutes(
  checks: Checks,
  input: readonly Route[],
  known: KnownAudiences,
  siteLimits: CheckedCallLimits,
): CheckedRoute[] {
  return checks.list('routes', input).flatMap((route, index) => {
    const checked = checkRoute(checks, `routes[${index}]`, route, known, siteLimits);
    if (checked) checkCost(checks, `routes[${index}].cost`, checked, siteLimits);
    return checked ?? [];
  });
}

function checkRoute(
  checks: Checks,
  at: string,
  input: Route,
  { names, audiences }: KnownAudiences,
  siteLimits: CheckedCallLimits,
): CheckedRoute | undefined {
  const route = checks.object(at, input, routeKeys);
  if (!route) return undefined;
  const { path, audience = names[0] ?? '', scope, upstream = defaultUpstream } = route;
  const { verify = true, encodedSlashes = false } = route;
  checks.text(
    `${at}.path`,
    path,
    /^\/[^*?#\s]*(\/\*)?$/,
    'write a path such as /api/items, or a prefix such as /api/*',
  );
  checks.that(
    typeof path !== 'string' || !/%2f/i.test(path),
    `${at}.path: write an encoded slash nowhere; a prefix with encodedSlashes: true takes them behind it`,
  );
  if (names.length > 0) {
    const shown = typeof audience === 'string' ? audience : 'this';
    checks.that(names.includes(audience), `${at}.audience: ${shown} is not among audiences`);
  }
  if (scope !== undefined && checks.scope(`${at}.scope`, scope)) {
    const scopes = names.includes(audience) ? audiences[audience]?.scopes : undefined;
    checks.that(scopes?.includes(scope) ?? true, `${at}.scope: ${scope} is not among the audience's scopes`);
  }
  checks.variable(`${at}.upstream`, upstream);
  checks.boolean(`${at}.verify`, verify);
  checks.boolean(`${at}.encodedSlashes`, encodedSlashes);
  checks.that(
    encodedSlashes !== true || path !== '/*',
    `${at}.encodedSlashes: needs a path that begins with a name, such as /files/*`,
  );
  checks.that(
    verify !== false || scope === undefined,
    `${at}.scope: needs a token, which verify: false does not require`,
  );
  const limits = checkRouteLimits(checks, `${at}.limits`, route.limits, verify ? siteLimits.session : []);
  checks.that(
    verify !== false || limits.session.length === 0,
    `${at}.limits.session: there are no sessions where verify is false; limit address, network or total`,
  );
  const methods = checkMethods(checks, at, route.methods);
  return {
    path,
    audience,
    scope,
    methods,
    upstream,
    verify,
    encodedSlashes,
    limits,
    cost: route.cost === undefined ? 1 : route.cost,
  };
}

function checkMethods(checks: Checks, at: string, input: Route['methods']): readonly string[] | undefined {
  if (input === undefined) return undefined;
  const methods = checks.list(`${at}.methods`, input);
  checks.that(
    !Array.isArray(input) || methods.length > 0,
    `${at}.methods: name at least one, or leave it out`,
  );
  for (const method of methods) {
    checks.text(`${at}.methods`, method, /^[A-Z]+$/, 'write methods in upper case, such as GET');
  }
  return methods;
}

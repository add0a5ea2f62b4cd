import type { KnownAudiences } from './audiences.ts';
import type { Checks } from './checks.ts';
import { defaultUpstream } from './defaults.ts';
import { checkCost, checkRouteLimits } from './limits.ts';
import type { CheckedCallLimits, CheckedRoute, Route } from './types.ts';

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
    `${at}.scope: asks for a token, which verify: false does not`,
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

import { ConfigurationError } from '../protocol/error.ts';
import { checkAdmission } from './admission.ts';
import { Checks } from './checks.ts';
import { defaultAudiences, defaultEmailDomain, defaultLimits, defaultUpstream } from './defaults.ts';
import type {
  Audience,
  CheckedAudience,
  CheckedRoute,
  Limit,
  Limits,
  Policy,
  PolicyInput,
  Route,
} from './types.ts';

/**
 * Checks a policy and fills in the defaults.
 * @param input what `daypass.config.ts` says; `{}` is a whole policy
 * @returns the frozen policy that broker, gate and verifiers share
 * @throws {ConfigurationError} a TypeError whose `problems` name every field at fault and its remedy
 */
export function definePolicy(input: PolicyInput = {}): Policy {
  const checks = new Checks();
  checks.knownKeys('policy', input, policyKeys);
  const audiences = checkAudiences(checks, input.audiences ?? defaultAudiences);
  const defaultAudience = Object.keys(audiences)[0] ?? '';
  const policy: Policy = {
    issuer: checks.origin('issuer', input.issuer),
    audiences,
    defaultAudience,
    accessToken: checkAccessToken(checks, input.accessToken ?? {}),
    throwaway: checkThrowaway(checks, input),
    admission: input.admission && checkAdmission(checks, input.admission),
    mode: checks.oneOf('mode', input.mode ?? 'enforce', ['enforce', 'monitor']),
    storeFailure: checks.oneOf('storeFailure', input.storeFailure ?? 'local', ['local', 'deny', 'allow']),
    origins: checks
      .list('origins', input.origins ?? [])
      .map((origin) => checks.origin('origins', origin) ?? ''),
    limits: checkLimits(checks, input.limits ?? {}),
    routes: checkRoutes(checks, input.routes ?? [{ path: '/api/*' }], audiences, defaultAudience),
    upstream: checkUpstream(checks, input.upstream ?? {}),
    deployContexts: checks.deployContexts(input.deployContexts),
  };
  if (checks.problems.length > 0) throw new ConfigurationError(checks.problems);
  return deepFreeze(policy);
}

const policyKeys: readonly (keyof PolicyInput)[] = [
  'issuer',
  'audiences',
  'accessToken',
  'throwaway',
  'admission',
  'mode',
  'storeFailure',
  'origins',
  'limits',
  'routes',
  'upstream',
  'deployContexts',
];

function checkAudiences(
  checks: Checks,
  input: Readonly<Record<string, Audience>>,
): Record<string, CheckedAudience> {
  const audiences: Record<string, CheckedAudience> = {};
  const variables = new Set<string>(['DAYPASS_PRIVATE_SECRET']);
  for (const [name, audience] of Object.entries(input)) {
    const at = `audiences.${name}`;
    checks.that(/^[A-Za-z0-9._~-]{1,64}$/.test(name), `${at}: a name is 1 to 64 of A-Z a-z 0-9 . _ ~ -`);
    checks.knownKeys(at, audience, ['secret', 'secondarySecret', 'scopes']);
    for (const variable of [audience.secret, audience.secondarySecret]) {
      if (variable === undefined) continue;
      checks.variable(`${at}.secret`, variable);
      checks.that(
        !variables.has(variable),
        `${at}: ${variable} is used twice; a key belongs to one audience`,
      );
      variables.add(variable);
    }
    const scopes = checks.list(`${at}.scopes`, audience.scopes ?? []);
    for (const scope of scopes) checks.scope(`${at}.scopes`, scope);
    audiences[name] = { secret: audience.secret, secondarySecret: audience.secondarySecret, scopes };
  }
  checks.that(Object.keys(audiences).length > 0, 'audiences: name at least one');
  return audiences;
}

function checkAccessToken(
  checks: Checks,
  input: NonNullable<PolicyInput['accessToken']>,
): Policy['accessToken'] {
  checks.knownKeys('accessToken', input, ['ttlSeconds', 'renewalGraceSeconds', 'sessionSeconds']);
  const { ttlSeconds = 300, renewalGraceSeconds = 3600, sessionSeconds = 12 * 3600 } = input;
  checks.wholeNumber('accessToken.ttlSeconds', ttlSeconds, 60, 3600);
  checks.wholeNumber('accessToken.renewalGraceSeconds', renewalGraceSeconds, 0, 86_400);
  checks.wholeNumber('accessToken.sessionSeconds', sessionSeconds, 60, 30 * 86_400);
  checks.that(ttlSeconds <= sessionSeconds, 'accessToken.sessionSeconds: must not be below ttlSeconds');
  return { ttlSeconds, renewalGraceSeconds, sessionSeconds };
}

function checkThrowaway(checks: Checks, input: PolicyInput): Policy['throwaway'] {
  checks.knownKeys('throwaway', input.throwaway ?? {}, ['emailDomain']);
  const { emailDomain = defaultEmailDomain } = input.throwaway ?? {};
  checks.domain('throwaway.emailDomain', emailDomain);
  // Anybody may sign up with an address of a real domain; only a mark set by the site tells ours apart.
  checks.that(
    /(^|\.)invalid$/i.test(emailDomain) || input.admission !== undefined,
    `throwaway.emailDomain: ${emailDomain} is not under .invalid and so requires admission`,
  );
  return { emailDomain: emailDomain.toLowerCase() };
}

function checkLimits(checks: Checks, input: Partial<Limits>): Policy['limits'] {
  checks.knownKeys('limits', input, Object.keys(defaultLimits));
  const limits: Limits = { ...defaultLimits, ...input };
  const checked = Object.entries(limits).map(([name, limit]) => [
    name,
    checkLimit(checks, `limits.${name}`, limit),
  ]);
  return Object.fromEntries(checked) as Policy['limits'];
}

function checkLimit(checks: Checks, at: string, limit: Limit): Required<Limit> {
  checks.knownKeys(at, limit, ['limit', 'windowSeconds', 'algorithm']);
  checks.wholeNumber(`${at}.limit`, limit.limit, 1, 1_000_000_000);
  checks.wholeNumber(`${at}.windowSeconds`, limit.windowSeconds, 1, 86_400);
  const algorithm = limit.algorithm ?? 'sliding-window';
  checks.oneOf(`${at}.algorithm`, algorithm, ['sliding-window', 'fixed-window']);
  return { limit: limit.limit, windowSeconds: limit.windowSeconds, algorithm };
}

function checkRoutes(
  checks: Checks,
  input: readonly Route[],
  audiences: Readonly<Record<string, CheckedAudience>>,
  defaultAudience: string,
): CheckedRoute[] {
  return checks.list('routes', input).map((route, index) => {
    const at = `routes[${index}]`;
    checks.knownKeys(at, route, ['path', 'audience', 'scope', 'methods', 'upstream', 'verify']);
    const {
      path,
      audience = defaultAudience,
      scope,
      methods,
      upstream = defaultUpstream,
      verify = true,
    } = route;
    checks.that(
      typeof path === 'string' && /^\/[^*?#\s]*(\/\*)?$/.test(path),
      `${at}.path: write a path such as /api/items, or a prefix such as /api/*`,
    );
    const target = Object.hasOwn(audiences, audience) ? audiences[audience] : undefined;
    checks.that(target !== undefined, `${at}.audience: ${audience} is not among audiences`);
    if (scope !== undefined) {
      checks.that(
        target?.scopes.includes(scope) ?? true,
        `${at}.scope: ${scope} is not among the audience's scopes`,
      );
    }
    for (const method of checks.list(`${at}.methods`, methods ?? [])) {
      checks.that(/^[A-Z]+$/.test(method), `${at}.methods: write methods in upper case, such as GET`);
    }
    checks.variable(`${at}.upstream`, upstream);
    checks.boolean(`${at}.verify`, verify);
    checks.that(verify || scope === undefined, `${at}.scope: asks for a token, which verify: false does not`);
    return { path, audience, scope, methods, upstream, verify };
  });
}

function checkUpstream(checks: Checks, input: NonNullable<PolicyInput['upstream']>): Policy['upstream'] {
  checks.knownKeys('upstream', input, ['timeoutSeconds', 'requestHeaders']);
  const { timeoutSeconds = 25, requestHeaders = [] } = input;
  checks.number('upstream.timeoutSeconds', timeoutSeconds, 0.1, 25);
  const headers = checks.list('upstream.requestHeaders', requestHeaders).map((name) => {
    checks.requestHeader('upstream.requestHeaders', name);
    return String(name).toLowerCase();
  });
  return { timeoutSeconds, requestHeaders: headers };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

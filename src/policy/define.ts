import { ConfigurationError } from '../protocol/error.ts';
import { deepFreeze } from '../protocol/knownKeys.ts';
import type { DeployContext } from '../protocol/wire.ts';
import { checkAdmission } from './admission.ts';
import { Checks, checkPageOrigin } from './checks.ts';
import { forbiddenKind } from './forbiddenHeaders.ts';
import { checkLimits } from './limits.ts';
import { checkAudiences, checkRoutes, defaultAudiences } from './routes.ts';
import type { Policy, PolicyInput } from './types.ts';

/**
 * Checks a policy and fills in the defaults.
 * @param input what `daypass.config.ts` says; `{}` is a whole policy. A field that is undefined is one left out
 * @returns the frozen policy that broker, gate and verifiers share
 * @throws {ConfigurationError} a TypeError whose `problems` name every field at fault and its remedy
 */
export function definePolicy(input: PolicyInput = {}): Policy {
  const checks = new Checks();
  const given = checks.object('policy', input, policyKeys);
  const policy = given && checkPolicy(checks, given);
  if (!policy || checks.problems.length > 0) throw new ConfigurationError(checks.problems);
  markPolicy(policy);
  return deepFreeze(policy);
}

const mebibyte = 1024 * 1024;

export const defaultEmailDomain = 'visitor.invalid';

/** More than a form or a photo of a phone; a site for larger ones says so. */
const defaultMaxBodyBytes = 10 * mebibyte;

const defaultRequestBody = {
  // An edge instance has 512 MB. A body costs up to three times its size: as it arrived, as it is sent, in the socket.
  bufferBytes: 64 * mebibyte,
  // 10 MiB at 1.5 Mbit/s, a bad mobile connection.
  timeoutSeconds: 60,
} as const;

const policyKeys: readonly (keyof PolicyInput)[] = [
  'issuer',
  'audiences',
  'accessToken',
  'throwaway',
  'identity',
  'admission',
  'mode',
  'storeFailure',
  'origins',
  'exposeHeaders',
  'limits',
  'routes',
  'upstream',
  'requestBody',
  'deployContexts',
];

function checkPolicy(checks: Checks, input: PolicyInput): Policy {
  const {
    issuer,
    audiences = defaultAudiences,
    admission,
    mode = 'enforce',
    storeFailure = 'local',
    origins = [],
    exposeHeaders = [],
    limits = {},
    routes = [{ path: '/api/*' }],
    deployContexts,
  } = input;
  const known = checkAudiences(checks, audiences);
  const upstream = checkUpstream(checks, input.upstream);
  const checkedLimits = checkLimits(checks, limits);
  return {
    issuer: issuer === undefined ? undefined : checks.origin('issuer', issuer),
    audiences: known.audiences,
    defaultAudience: known.names[0] ?? '',
    accessToken: checkAccessToken(checks, input.accessToken),
    throwaway: checkThrowaway(checks, input.throwaway, admission !== undefined),
    identity: checkIdentity(checks, input.identity),
    admission: admission === undefined ? undefined : checkAdmission(checks, admission),
    mode: checks.oneOf('mode', mode, ['enforce', 'monitor']),
    storeFailure: checks.oneOf('storeFailure', storeFailure, ['local', 'deny', 'allow']),
    // As browsers name whatever has no origin, such as a sandboxed frame: allowed where it is said in so many words.
    origins: checks.list('origins', origins).map((origin) => checkPageOrigin(checks, origin)),
    exposeHeaders: checks
      .list('exposeHeaders', exposeHeaders)
      .map((name) => checkExposedHeader(checks, 'exposeHeaders', name)),
    limits: checkedLimits,
    routes: checkRoutes(checks, routes, known, checkedLimits),
    upstream,
    requestBody: checkRequestBody(checks, input.requestBody, upstream),
    deployContexts: deployContexts === undefined ? undefined : checks.deployContexts(deployContexts),
  };
}

function checkAccessToken(checks: Checks, input: PolicyInput['accessToken'] = {}): Policy['accessToken'] {
  const fields = ['ttlSeconds', 'renewalGraceSeconds', 'sessionSeconds'];
  const {
    ttlSeconds = 300,
    renewalGraceSeconds = 3600,
    sessionSeconds = 12 * 3600,
  } = checks.object('accessToken', input, fields) ?? {};
  const ttlFits = checks.wholeNumber('accessToken.ttlSeconds', ttlSeconds, 60, 3600);
  checks.wholeNumber('accessToken.renewalGraceSeconds', renewalGraceSeconds, 0, 86_400);
  const sessionFits = checks.wholeNumber('accessToken.sessionSeconds', sessionSeconds, 60, 30 * 86_400);
  checks.that(
    !ttlFits || !sessionFits || ttlSeconds <= sessionSeconds,
    'accessToken.sessionSeconds: must not be below ttlSeconds',
  );
  return { ttlSeconds, renewalGraceSeconds, sessionSeconds };
}

function checkThrowaway(
  checks: Checks,
  input: PolicyInput['throwaway'] = {},
  hasAdmission: boolean,
): Policy['throwaway'] {
  const { emailDomain = defaultEmailDomain } = checks.object('throwaway', input, ['emailDomain']) ?? {};
  if (!checks.domain('throwaway.emailDomain', emailDomain)) return { emailDomain };
  // Anyone can sign up with an e-mail of a real domain; only a mark set by the site identifies throwaway users.
  checks.that(
    /(^|\.)invalid$/i.test(emailDomain) || hasAdmission,
    `throwaway.emailDomain: ${emailDomain} is not under .invalid and so requires admission`,
  );
  return { emailDomain: emailDomain.toLowerCase() };
}

function checkIdentity(checks: Checks, input: PolicyInput['identity'] = {}): Policy['identity'] {
  const { audience = '' } = checks.object('identity', input, ['audience']) ?? {};
  // It travels in the header field X-JWT-AUD.
  const remedy = 'must be visible ASCII: the value of GOTRUE_JWT_AUD';
  checks.text('identity.audience', audience, /^([!-~]([ -~]{0,253}[!-~])?)?$/, remedy);
  return { audience };
}

function checkUpstream(checks: Checks, input: PolicyInput['upstream'] = {}): Policy['upstream'] {
  const fields = ['timeoutSeconds', 'requestHeaders', 'clientAddress', 'maxBodyBytes', 'stream'];
  const {
    timeoutSeconds = 25,
    requestHeaders,
    clientAddress = false,
    maxBodyBytes = defaultMaxBodyBytes,
    stream = false,
  } = checks.object('upstream', input, fields) ?? {};
  checks.number('upstream.timeoutSeconds', timeoutSeconds, 0.1, 25);
  checks.wholeNumber('upstream.maxBodyBytes', maxBodyBytes, 1, 100 * mebibyte);
  checks.boolean('upstream.stream', stream);
  checks.boolean('upstream.clientAddress', clientAddress);
  const only =
    requestHeaders === undefined
      ? undefined
      : checks
          .list('upstream.requestHeaders', requestHeaders)
          .map((name) => checkRequestHeader(checks, 'upstream.requestHeaders', name));
  return { timeoutSeconds, requestHeaders: only, clientAddress, maxBodyBytes, stream };
}

/** @returns the name in lower case */
function checkRequestHeader(checks: Checks, at: string, name: string): string {
  if (!checks.headerName(at, name)) return '';
  checks.that(forbiddenKind(name) === undefined, `${at}: ${name} must not reach an upstream`);
  return name.toLowerCase();
}

/** A field that a page of another origin may be shown: no cookie (Fetch standard, forbidden response-header name). */
function checkExposedHeader(checks: Checks, at: string, name: string): string {
  if (checks.headerName(at, name)) {
    checks.that(!/^set-cookie2?$/i.test(name), `${at}: no browser shows ${name} to a page`);
  }
  return name;
}

function checkRequestBody(
  checks: Checks,
  input: PolicyInput['requestBody'] = {},
  { maxBodyBytes }: Policy['upstream'],
): Policy['requestBody'] {
  const { bufferBytes = defaultRequestBody.bufferBytes, timeoutSeconds = defaultRequestBody.timeoutSeconds } =
    checks.object('requestBody', input, ['bufferBytes', 'timeoutSeconds']) ?? {};
  const fits = checks.wholeNumber('requestBody.bufferBytes', bufferBytes, mebibyte, 1024 * mebibyte);
  checks.that(
    !fits || typeof maxBodyBytes !== 'number' || maxBodyBytes <= bufferBytes / 2,
    'requestBody.bufferBytes: must have room for two bodies of upstream.maxBodyBytes',
  );
  checks.number('requestBody.timeoutSeconds', timeoutSeconds, 1, 3600);
  return { bufferBytes, timeoutSeconds };
}

// A site may bundle two copies of the package, define its policy with one and serve it with the other: both know this
// symbol. It is not enumerable, so a spread copy, which may hold changes, loses the mark.
const mark = Symbol.for('daypass.policy');

/** Marks a policy as checked. */
export function markPolicy(policy: Policy): void {
  Object.defineProperty(policy, mark, { value: true });
}

/**
 * Refuses a policy that `definePolicy` did not check: code without types may pass anything.
 * @param caller the function that received it, for the error
 * @throws {ConfigurationError} a TypeError: `definePolicy` did not return it
 */
export function requirePolicy(caller: string, policy: unknown): asserts policy is Policy {
  if (typeof policy === 'object' && policy !== null && Object.hasOwn(policy, mark)) return;
  throw new ConfigurationError([`${caller}: give the policy that definePolicy returned.`]);
}

/** Deploy contexts whose tokens a deploy accepts: its own, unless the policy says otherwise. */
export function acceptedContexts(deploy: {
  policy: Policy;
  deployContext: DeployContext;
}): readonly DeployContext[] {
  return deploy.policy.deployContexts ?? [deploy.deployContext];
}

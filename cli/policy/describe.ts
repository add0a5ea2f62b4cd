import { isDeepStrictEqual } from 'node:util';
import { definePolicy } from '../../src/policy/define.ts';
import type {
  CheckedCallLimits,
  CheckedRoute,
  CheckedWindows,
  Policy,
  PolicyInput,
} from '../../src/policy/types.ts';

/** A policy with every default written out, as `definePolicy` takes it: what is not set is left out. */
export function toPolicyInput(policy: Policy): PolicyInput {
  const { issuer, audiences, admission, limits, upstream, deployContexts } = policy;
  const { leaseSeconds, ...windows } = limits;
  const { requestHeaders, ...otherUpstream } = upstream;
  return {
    ...(issuer !== undefined && { issuer }),
    audiences: mapValues(audiences, ({ secretVariable, secondarySecretVariable, scopes }) => ({
      secret: secretVariable,
      ...(secondarySecretVariable !== undefined && { secondarySecret: secondarySecretVariable }),
      scopes,
    })),
    accessToken: policy.accessToken,
    throwaway: policy.throwaway,
    identity: policy.identity,
    ...(admission && { admission: toAdmission(admission) }),
    mode: policy.mode,
    storeFailure: policy.storeFailure,
    origins: policy.origins,
    exposeHeaders: policy.exposeHeaders,
    limits: { ...toLimits(windows), leaseSeconds },
    routes: policy.routes.map(toRoute),
    upstream: { ...otherUpstream, ...(requestHeaders && { requestHeaders }) },
    requestBody: policy.requestBody,
    ...(deployContexts && { deployContexts }),
  };
}

function toAdmission({ proof, members, proofOfWork, turnstile }: NonNullable<Policy['admission']>) {
  return {
    proof,
    members,
    // Settings of a proof that is not required are a mistake.
    ...(proof === 'proof-of-work' && { proofOfWork }),
    ...(turnstile && { turnstile }),
  };
}

function toRoute({ limits, scope, methods, ...route }: CheckedRoute) {
  const own = toLimits(limits);
  return {
    ...route,
    ...(scope !== undefined && { scope }),
    ...(methods && { methods }),
    ...(Object.keys(own).length > 0 && { limits: own }),
  };
}

function toLimits<Name extends string>(limits: Readonly<Record<Name, CheckedWindows>> | CheckedCallLimits) {
  const set = Object.entries<CheckedWindows>(limits).filter(([, windows]) => windows.length > 0);
  return Object.fromEntries(
    set.map(([name, windows]) => [name, windows.length === 1 ? windows[0] : windows]),
  ) as Record<string, NonNullable<CheckedWindows[number]>>;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** What holds where a setting that has no value of its own is left out. */
const absent: readonly (readonly [keyof Policy, string])[] = [
  ['issuer', "the site's primary URL"],
  ['admission', 'every sign-up that Identity takes'],
  ['deployContexts', 'only the context that a deploy runs in'],
];

/** A policy as a module that `daypass.config.ts` could be: every value, and the default next to each that differs. */
export function formatPolicy(policy: Policy): string {
  const usual = toPolicyInput(definePolicy()) as Record<string, unknown>;
  const lines = Object.entries(toPolicyInput(policy)).flatMap(([name, value]) =>
    formatMember(name, value, usual[name], 1),
  );
  const notes = absent
    .filter(([name]) => policy[name] === undefined)
    .map(([name, what]) => `  // ${name}: not set, so ${what}`);
  return ['export default definePolicy({', ...lines, ...notes, '});', ''].join('\n');
}

const maxInlineLength = 70;

function formatMember(name: string | undefined, value: unknown, usual: unknown, level: number): string[] {
  const indent = '  '.repeat(level);
  const key = name === undefined ? '' : `${quoteKey(name)}: `;
  const inline = formatInline(value);
  const isLeaf = typeof value !== 'object' || value === null;
  if (isLeaf || inline.length <= maxInlineLength) {
    const differs = usual !== undefined && !isDeepStrictEqual(value, usual);
    return [`${indent}${key}${inline},${differs ? ` // default: ${formatInline(usual)}` : ''}`];
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const usualOf = (member: string) => (usual as Record<string, unknown> | undefined)?.[member];
  const inside = Array.isArray(value)
    ? value.flatMap((item) => formatMember(undefined, item, undefined, level + 1))
    : Object.entries(value).flatMap(([member, item]) =>
        formatMember(member, item, usualOf(member), level + 1),
      );
  return [`${indent}${key}${open}`, ...inside, `${indent}${close},`];
}

/** A value on one line, as JavaScript. */
function formatInline(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(formatInline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([name, item]) => `${quoteKey(name)}: ${formatInline(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const quoteKey = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

/** As JSON escapes, in the quotes of the house. */
function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

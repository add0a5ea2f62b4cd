import type { Policy } from '../src/policy/types.ts';
import { nearest } from '../src/protocol/nearest.ts';
import { type DeployContext, deployContexts } from '../src/protocol/wire.ts';
import { SecretChecks } from '../src/token/keys.ts';
import { CommandError, type Option, UsageError } from './command.ts';
import type { Io } from './output.ts';

export const audienceOption = {
  type: 'string',
  placeholder: '<name>',
  description: "Audience of the policy. Default: the policy's first",
} as const satisfies Option;

export const issuerOption = {
  type: 'string',
  placeholder: '<origin>',
  description: "Issuer. Default: the policy's, else the variable URL",
} as const satisfies Option;

/** Whether a URL leads to this machine. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

/** Whether secrets, tokens and signatures may be sent to a URL: nobody on the way can read them. */
export function isConfidential(url: string): boolean {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(url));
}

/**
 * The audience that was asked for.
 * @throws {UsageError} the policy has no such audience
 */
export function chooseAudience(policy: Policy, asked: string | undefined): string {
  const names = Object.keys(policy.audiences);
  if (asked === undefined) return policy.defaultAudience;
  if (names.includes(asked)) return asked;
  throw new UsageError(`--audience: the policy has no ${asked}, but ${names.join(', ')}.`);
}

/**
 * The secrets of an audience, from the variables that the policy names; undefined without the first.
 * @throws {CommandError} `secret_weak`: names the variable, and never a secret
 */
export function readSecrets(
  io: Pick<Io, 'env'>,
  policy: Policy,
  audience: string,
): { secret: string; secondarySecret: string | undefined } | undefined {
  const { secretVariable = '', secondarySecretVariable } = policy.audiences[audience] ?? {};
  const given = io.env[secretVariable];
  if (!given) return undefined;
  const problems: string[] = [];
  const secrets = new SecretChecks(problems);
  const secret = secrets.required(secretVariable, given);
  const secondarySecret =
    secondarySecretVariable &&
    secrets.optional(secondarySecretVariable, io.env[secondarySecretVariable] || undefined);
  if (problems.length > 0) throw new CommandError('secret_weak', problems.join('\n'));
  return { secret, secondarySecret };
}

/**
 * The issuer of the site's tokens: as asked for, of the policy, or Netlify's `URL`.
 * @returns undefined where none of them says
 * @throws {UsageError} it is no origin
 */
export function readIssuer(
  io: Pick<Io, 'env'>,
  policy: Policy,
  asked: string | undefined,
): string | undefined {
  const [name, text] =
    asked !== undefined ? ['--issuer', asked] : ['The variable URL', policy.issuer ?? io.env.URL];
  if (!text) return undefined;
  const origin = URL.canParse(text) ? new URL(text).origin : undefined;
  // Netlify writes URL without a slash; a person who copies it from a browser does not.
  if (origin !== undefined && (text === origin || text === `${origin}/`)) return origin;
  throw new UsageError(`${name} must be an origin such as https://your-site.example, without a path.`);
}

/** @throws {UsageError} names the nearest of Netlify's deploy contexts */
export function readDeployContext(option: string, text: string): DeployContext {
  const found = deployContexts.find((context) => context === text);
  if (found) return found;
  const near = nearest(text, deployContexts);
  const hint = near ? `did you mean ${near}?` : `there are ${deployContexts.join(', ')}.`;
  throw new UsageError(`${option}: there is no deploy context ${text}; ${hint}`);
}

/** @throws {UsageError} it is no whole number in these bounds */
export function readWholeNumber(option: string, text: string, [min, max]: readonly [number, number]): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}.`);
}

import { codeRow } from '../protocol/codes.ts';
import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import {
  assertKnownKeys,
  invalidOptions,
  isRecord,
  type OptionRule,
  unknownKeys,
} from '../protocol/knownKeys.ts';
import { type DeployContext, deployContexts as knownContexts } from '../protocol/wire.ts';
import { type AccessToken, SettingMismatch } from './claims.ts';
import { createKeyRing, SecretChecks } from './keys.ts';
import { type AcceptedSite, createVerifiedTokens, verifyAmong } from './verify.ts';

/** A site whose tokens a backend accepts. */
export interface SiteOptions {
  /** `DAYPASS_SECRET`, shared with the site: at least 32 bytes of UTF-8. */
  secret: string | undefined;
  /** `DAYPASS_SECRET_SECONDARY`: verifies only, during a rotation. */
  secondarySecret?: string | undefined;
  /** `iss`: the site's primary URL, without a trailing slash. */
  issuer: string;
  /** `aud`: this backend's name in the site's policy. Default `api`. */
  audience?: string | undefined;
  /** Deploy contexts whose tokens are accepted. Default `['production']`. */
  deployContexts?: readonly DeployContext[] | undefined;
}

interface SharedOptions {
  /**
   * How many tokens with a valid signature are cached, so that it is checked once: 0 to 1 000 000. Times, issuer and
   * deploy context are validated on every call. Default 1024.
   */
  cacheSize?: number | undefined;
  /**
   * Takes a warning for the operator: a token that is signed with one of the secrets was refused
   * for its issuer, audience or deploy context, so either side is set wrong. Once for each cause in a process. It holds no
   * token. Default `console.warn`.
   */
  warn?: ((message: string) => void) | undefined;
  /** The present, milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/**
 * What a backend knows of the tokens that it accepts: of one site, or of several as `sites`. Of several, the issuer that
 * a token names chooses; `issuer` of the verified token says which it was.
 * @example
 * const one: VerifierOptions = { secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' };
 * const two: VerifierOptions = {
 *   sites: [
 *     { secret: process.env.SHOP_SECRET, issuer: 'https://shop.example' },
 *     { secret: process.env.BLOG_SECRET, issuer: 'https://blog.example', audience: 'comments' },
 *   ],
 * };
 */
export type VerifierOptions = SharedOptions &
  (
    | (SiteOptions & { sites?: undefined })
    | ({ sites: readonly SiteOptions[] } & { [Name in keyof SiteOptions]?: undefined })
  );

const siteRules = {
  issuer: [
    'an origin such as https://example.com, without path or trailing slash',
    (value) => URL.canParse(value as string) && new URL(value as string).origin === value,
    'required',
  ],
  audience: ['a name such as api', (value) => typeof value === 'string' && value !== ''],
  deployContexts: [
    `a list of some of ${knownContexts.join(', ')}`,
    (value) =>
      Array.isArray(value) && value.length > 0 && value.every((context) => knownContexts.includes(context)),
  ],
} as const satisfies Partial<Record<keyof SiteOptions, OptionRule>>;

const sharedRules = {
  cacheSize: [
    'a number of tokens, from 0 to 1 000 000',
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000,
  ],
  warn: ['a function that takes a message', (value) => typeof value === 'function'],
  now: ['a function that returns milliseconds', (value) => typeof value === 'function'],
} as const satisfies Record<keyof SharedOptions, OptionRule>;

const siteOptionNames: readonly string[] = ['secret', 'secondarySecret', ...Object.keys(siteRules)];

/** The names of all options. */
export const verifierOptionNames: readonly string[] = [
  ...siteOptionNames,
  'sites',
  ...Object.keys(sharedRules),
];

/** The options with their defaults filled in. */
export interface CheckedOptions {
  sites: readonly [CheckedSite, ...CheckedSite[]];
  cacheSize: number;
  warn: (message: string) => void;
  now: () => number;
}

export interface CheckedSite {
  secret: string;
  secondarySecret: string | undefined;
  issuer: string;
  audience: string;
  deployContexts: readonly DeployContext[];
}

/**
 * @throws {ConfigurationError} a TypeError: all that is wrong, naming each option and its remedy and never a secret
 */
export function checkVerifierOptions(options: VerifierOptions): CheckedOptions {
  assertKnownKeys('createVerifier', options, verifierOptionNames);
  const { sites, cacheSize = 1024, warn = console.warn, now = Date.now, ...site } = options;
  const problems: string[] = [];
  const secrets = new SecretChecks(problems);
  const checked: CheckedSite[] = [];
  if (sites === undefined) {
    checked.push(checkSite(site as SiteOptions, '', secrets, problems));
  } else if (!Array.isArray(sites) || sites.length === 0) {
    problems.push('sites must be a list of at least one site, such as [{ secret, issuer }].');
  } else {
    const misplaced = siteOptionNames.filter((name) => site[name as keyof SiteOptions] !== undefined);
    if (misplaced.length > 0) {
      problems.push(`${misplaced.join(', ')} must stand in an entry of sites, not next to it.`);
    }
    sites.forEach((each: unknown, index) => {
      if (!isRecord(each)) problems.push(`sites[${index}] must be an object such as { secret, issuer }.`);
      else checked.push(checkSite(each as SiteOptions, `sites[${index}].`, secrets, problems));
    });
    checkIssuers(checked, problems);
  }
  problems.push(...invalidOptions(options, sharedRules));
  if (problems.length > 0) throw new ConfigurationError(problems);
  // Where none was read, that is a problem.
  return { sites: checked as [CheckedSite, ...CheckedSite[]], cacheSize, warn, now };
}

/**
 * @param prefix names the site in a problem: `sites[0].`, or nothing where there is but one
 * @param secrets of all sites: HS256 keys sign as well as verify, so of two sites with one key, each could sign for the other
 */
function checkSite(
  site: SiteOptions,
  prefix: string,
  secrets: SecretChecks,
  problems: string[],
): CheckedSite {
  const { issuer, audience = 'api', deployContexts = ['production'] } = site;
  if (prefix !== '')
    problems.push(...unknownKeys(site, siteOptionNames).map((problem) => `${prefix}${problem}.`));
  const remedy = "Set it to the site's DAYPASS_SECRET";
  const secret = secrets.required(`${prefix}secret`, site.secret, remedy);
  const secondarySecret = secrets.optional(`${prefix}secondarySecret`, site.secondarySecret);
  problems.push(...invalidOptions(site, siteRules).map((problem) => `${prefix}${problem}`));
  return { secret, secondarySecret, issuer, audience, deployContexts };
}

/** One entry for each site. */
function checkIssuers(sites: readonly CheckedSite[], problems: string[]): void {
  sites.forEach(({ issuer }, index) => {
    const twin = sites.findIndex((other) => other.issuer === issuer);
    if (twin !== index)
      problems.push(
        `sites[${index}].issuer equals that of sites[${twin}]: a site has one entry; during a rotation, give its other secret as secondarySecret.`,
      );
  });
}

/** What was warned of in this process already. */
const warned = new Set<string>();

/** Anyone with a secret can write anything into tokens: past this many warnings the rest are dropped. */
const maxWarnings = 100;

/**
 * Makes a function that verifies access tokens offline, of one site or of several.
 * @returns a function from the compact token to what it says; it throws a `DaypassError` with a code `token_…`. A token
 * that one of the secrets has signed, but for another issuer, audience or deploy context, is reported to `warn` as well: once
 * for each cause in a process, with both values and the option, without the token
 * @throws {ConfigurationError} a TypeError: a secret is missing or weak, two sites have one issuer or one secret, or an
 * option is malformed or unknown
 * @example
 * const verify = createVerifier({ secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' });
 * const { subject, issuer } = await verify(token);
 */
export function createVerifier(options: VerifierOptions): (token: string) => Promise<AccessToken> {
  return createCheckedVerifier(checkVerifierOptions(options));
}

/** `createVerifier` of options that were checked. */
export function createCheckedVerifier({
  sites,
  cacheSize,
  warn,
  now,
}: CheckedOptions): (token: string) => Promise<AccessToken> {
  const verifiedTokens = createVerifiedTokens(cacheSize);
  let accepted: Promise<AcceptedSite[]> | undefined;
  return async (token) => {
    accepted ??= Promise.all(
      sites.map(async ({ issuer, deployContexts, ...keys }) => ({
        issuer,
        deployContexts,
        keyRing: await createKeyRing(keys),
      })),
    );
    try {
      return await verifyAmong(await accepted, token, { now: Math.floor(now() / 1000), verifiedTokens });
    } catch (error) {
      if (error instanceof DaypassError && error.cause instanceof SettingMismatch) {
        const { code, cause } = error;
        warnOnce(
          warn,
          `Daypass: an access token was refused (${code}). ${codeRow(code).reason} In detail: ${cause.message}`,
        );
      }
      throw error;
    }
  };
}

function warnOnce(warn: (message: string) => void, message: string): void {
  if (warned.has(message) || warned.size >= maxWarnings) return;
  warned.add(message);
  warn(message);
}

const verifiers = new WeakMap<VerifierOptions, (token: string) => Promise<AccessToken>>();

/**
 * Verifies an access token offline, in any server with web standards (Node, Deno, edge runtimes).
 * @param token the compact token, as it stood behind `Authorization: Bearer`
 * @param options what this backend accepts; keep the object, for its keys are imported once
 * @returns what the token says; times are seconds since the epoch
 * @throws {DaypassError} the token is refused: `code` says why, answer 401 for all of them
 * @throws {ConfigurationError} a TypeError: an option is at fault
 */
export async function verifyAccessToken(token: string, options: VerifierOptions): Promise<AccessToken> {
  let verify = verifiers.get(options);
  if (!verify) {
    verify = createVerifier(options);
    verifiers.set(options, verify);
  }
  return verify(token);
}

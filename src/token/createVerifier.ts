import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { assertKnownKeys, isRecord, unknownKeys } from '../protocol/knownKeys.ts';
import { type DeployContext, deployContexts as knownContexts } from '../protocol/wire.ts';
import { type AccessToken, SettingMismatch } from './claims.ts';
import { checkSecrets, createKeyRing, makeSecretCommand } from './keys.ts';
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
   * Takes a warning that is meant for whoever set the options: a token that is signed with one of the secrets was refused
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

const siteOptionNames: readonly string[] = Object.keys({
  secret: true,
  secondarySecret: true,
  issuer: true,
  audience: true,
  deployContexts: true,
} satisfies Record<keyof SiteOptions, true>);

const sharedOptionNames: readonly string[] = Object.keys({
  cacheSize: true,
  warn: true,
  now: true,
} satisfies Record<keyof SharedOptions, true>);

/** The names of all options. */
export const verifierOptionNames: readonly string[] = [...siteOptionNames, 'sites', ...sharedOptionNames];

/** The options with their defaults filled in. */
export interface CheckedOptions {
  sites: readonly CheckedSite[];
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
  const checked: CheckedSite[] = [];
  if (sites === undefined) {
    checked.push(checkSite(site as SiteOptions, '', problems));
  } else if (!Array.isArray(sites) || sites.length === 0) {
    problems.push('sites must be a list of at least one site, such as [{ secret, issuer }].');
  } else {
    const misplaced = siteOptionNames.filter((name) => site[name as keyof SiteOptions] !== undefined);
    if (misplaced.length > 0) {
      problems.push(`${misplaced.join(', ')} must stand in an entry of sites, not next to it.`);
    }
    sites.forEach((each: unknown, index) => {
      if (!isRecord(each)) problems.push(`sites[${index}] must be an object such as { secret, issuer }.`);
      else checked.push(checkSite(each as SiteOptions, `sites[${index}].`, problems));
    });
    checkDifferent(checked, problems);
  }
  if (!Number.isInteger(cacheSize) || cacheSize < 0 || cacheSize > 1_000_000) {
    problems.push('cacheSize must be a number of tokens, from 0 to 1 000 000.');
  }
  if (typeof warn !== 'function') problems.push('warn must be a function that takes a message.');
  if (typeof now !== 'function') problems.push('now must be a function that returns milliseconds.');
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { sites: checked, cacheSize, warn, now };
}

/** @param prefix names the site in a problem: `sites[0].`, or nothing where there is but one */
function checkSite(site: SiteOptions, prefix: string, problems: string[]): CheckedSite {
  const { secret, secondarySecret, issuer, audience = 'api', deployContexts = ['production'] } = site;
  const add = (problem: string) => problems.push(`${prefix}${problem}`);
  if (prefix !== '') for (const problem of unknownKeys(site, siteOptionNames)) add(`${problem}.`);
  const secrets = [
    { name: 'secret', secret, remedy: "Set it to the site's DAYPASS_SECRET" },
    { name: 'secondarySecret', secret: secondarySecret, isOptional: true },
  ];
  for (const problem of checkSecrets(secrets)) add(problem);
  if (!URL.canParse(issuer) || new URL(issuer).origin !== issuer) {
    add('issuer must be an origin such as https://example.com, without path or trailing slash.');
  }
  if (typeof audience !== 'string' || audience === '') add('audience must be a name such as api.');
  if (
    !Array.isArray(deployContexts) ||
    !deployContexts.every((context) => knownContexts.includes(context)) ||
    deployContexts.length === 0
  ) {
    add(`deployContexts must be a list of some of ${knownContexts.join(', ')}.`);
  }
  return { secret: secret as string, secondarySecret, issuer, audience, deployContexts };
}

/** One entry for each site, and no key for two of them: whoever verifies HS256 can forge. */
function checkDifferent(sites: readonly CheckedSite[], problems: string[]): void {
  const issuers = new Map<string, number>();
  const secrets = new Map<string, string>();
  sites.forEach(({ issuer, secret, secondarySecret }, index) => {
    const twin = issuers.get(issuer);
    if (twin !== undefined)
      problems.push(
        `sites[${index}].issuer equals that of sites[${twin}]: a site has one entry; during a rotation, give its other secret as secondarySecret.`,
      );
    else issuers.set(issuer, index);
    for (const [name, value] of Object.entries({ secret, secondarySecret })) {
      const other = typeof value === 'string' && value !== '' ? secrets.get(value) : undefined;
      if (other !== undefined && !other.startsWith(`sites[${index}].`)) {
        problems.push(
          `sites[${index}].${name} equals ${other}: either site could sign tokens of the other. Make another: ${makeSecretCommand}`,
        );
      }
      if (value !== undefined && other === undefined) secrets.set(value, `sites[${index}].${name}`);
    }
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
  const { sites, cacheSize, warn, now } = checkVerifierOptions(options);
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
        warnOnce(warn, `Daypass: an access token was refused (${error.code}), though ${error.cause.message}`);
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

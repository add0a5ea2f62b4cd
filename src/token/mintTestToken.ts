import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys, invalidOptions, type OptionRule } from '../protocol/knownKeys.ts';
import { isScope } from '../protocol/messages.ts';
import { deployContexts } from '../protocol/wire.ts';
import type { AccessToken } from './claims.ts';
import { checkVerifierOptions, createVerifier, type VerifierOptions } from './createVerifier.ts';
import { createKeyRing, SecretChecks } from './keys.ts';
import { mintAccessToken, newSubject, randomId } from './mint.ts';

/** What a token of a test says. Whatever is left out is as the site would say it. */
export interface TokenOptions {
  /** `sub`: names the session, `anon_` and 22 base64url characters. Default: random. */
  subject?: string | undefined;
  /** `scope`. Default: none. */
  scopes?: readonly string[] | undefined;
  /** `iss`. Default: that of the first site. Of several, it chooses the secret, audience and deploy context, too. */
  issuer?: string | undefined;
  /** `aud`. Default: the verifier's own. */
  audience?: string | undefined;
  /** `deploy_context`. Default: `production` if the verifier accepts it, else the first that it does. */
  deployContext?: string | undefined;
  /** How long ago the token was minted, which is `iat`. Default 0. More than `ttlSeconds` makes one that has expired. */
  ageSeconds?: number | undefined;
  /** Its life, from `iat` to `exp`. Default 300. More than 3600 is refused by every verifier. */
  ttlSeconds?: number | undefined;
  /** How long ago its session began, which is `auth_time`. Default: as long as the token is old. */
  sessionAgeSeconds?: number | undefined;
  /** `jti`. Default: random. */
  tokenId?: string | undefined;
  /** `sid`, which only the broker reads. Default: random. */
  sessionId?: string | undefined;
  /** Signs. Default: the site's own. */
  secret?: string | undefined;
}

const text = ['a text', (value) => typeof value === 'string'] satisfies OptionRule;
const seconds = ['whole seconds', Number.isSafeInteger] satisfies OptionRule;

const rules = {
  subject: text,
  scopes: ["a list of scopes, such as ['write']", (value) => Array.isArray(value) && value.every(isScope)],
  issuer: text,
  audience: text,
  deployContext: text,
  ageSeconds: seconds,
  ttlSeconds: seconds,
  sessionAgeSeconds: seconds,
  tokenId: text,
  sessionId: text,
  secret: text,
} as const satisfies Record<keyof TokenOptions, OptionRule>;

/**
 * Mints an access token as the site would. The verifier need not accept it: `mintTestToken(verifier, { audience: 'other' })`
 * is for a test that one is refused.
 * @param verifier what `createVerifier` or `requireAccessToken` of the code under test is given
 * @throws {ConfigurationError} a TypeError: an option of either is malformed or unknown
 */
export async function mintTestToken(verifier: VerifierOptions, token: TokenOptions = {}): Promise<string> {
  const { sites, now: clock } = checkVerifierOptions(verifier);
  check(token);
  const site = sites.find(({ issuer }) => issuer === token.issuer) ?? sites[0];
  const now = Math.floor(clock() / 1000);
  const { ageSeconds = 0, sessionAgeSeconds = ageSeconds } = token;
  const keys = { audience: token.audience ?? site.audience, secret: token.secret ?? site.secret };
  return mintAccessToken({
    keyRing: await createKeyRing(keys),
    issuer: token.issuer ?? site.issuer,
    subject: token.subject ?? newSubject(),
    scopes: token.scopes ?? [],
    deployContext:
      token.deployContext ??
      (deployContexts.find((context) => site.deployContexts.includes(context)) as string),
    ttlSeconds: token.ttlSeconds ?? 300,
    sessionStartedAt: now - sessionAgeSeconds,
    sessionId: token.sessionId ?? randomId(),
    tokenId: token.tokenId,
    now: now - ageSeconds,
  });
}

/**
 * What a verifier says of such a token: what handlers find in `req.daypass`, `c.var.accessToken` or `context.accessToken`.
 * @param verifier as for `mintTestToken`
 * @throws {DaypassError} these settings refuse such a token
 * @throws {ConfigurationError} a TypeError: an option is malformed or unknown
 */
export async function makeTestAccessToken(
  verifier: VerifierOptions,
  token: TokenOptions = {},
): Promise<AccessToken> {
  const compact = await mintTestToken(verifier, token);
  return createVerifier(verifier)(compact);
}

function check(token: TokenOptions): void {
  assertKnownKeys('The token of a test', token, Object.keys(rules));
  const problems = invalidOptions(token, rules);
  if (problems.length === 0) new SecretChecks(problems).optional('secret', token.secret);
  if (problems.length > 0) throw new ConfigurationError(problems);
}

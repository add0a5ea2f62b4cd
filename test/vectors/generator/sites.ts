import { goodClaims, goodHeader, keyId, sign } from './craft.ts';
import { adminSecret, issuer, now, secondSecret, secret } from './setting.ts';
import type { RefusalCode, Setting } from './vector.ts';

type Site = Omit<Setting, 'now'>;

/** One token for a verifier that accepts those of several sites, and what it must make of it. */
export interface SitesVector {
  name: string;
  why: string;
  sites: readonly Site[];
  now: number;
  token: string;
  /** The code of the refusal; null when the token must be accepted. */
  code: RefusalCode | null;
  /** Of an accepted token: the issuer of the site that it is for. */
  acceptedIssuer?: string;
}

const shop: Site = { secret, issuer, audience: 'api', deployContexts: ['production'] };
const blog: Site = {
  secret: adminSecret,
  secondarySecret: secondSecret,
  issuer: 'https://blog.example',
  audience: 'comments',
  deployContexts: ['production', 'deploy-preview'],
};
/** On a developer's machine. */
const local: Site = {
  secret: 'Lk9Jh8Gf7Ds6Aq5Wz4Ex3Rc2Tv1Yb0Un-local',
  issuer: 'http://localhost:8888',
  audience: 'api',
  deployContexts: ['dev'],
};
const all = [shop, blog, local];

const chooses =
  'Policy: the issuer that a token names chooses among the sites; all else is checked against that one.';
const ownKey =
  'Policy: a key belongs to one site and one audience. RFC 8725 §3.8: keys are bound to their issuer.';

/** A token of a site, but for some claims, signed by one of its keys unless another is named. */
function tokenOf(
  site: Site,
  changes: Record<string, unknown> = {},
  key = site.secret,
  kid = keyId(key),
): string {
  const claims = {
    ...goodClaims,
    iss: site.issuer,
    aud: site.audience,
    deploy_context: site.deployContexts[0],
    ...changes,
  };
  return sign({ ...goodHeader, kid }, claims, key);
}

function accepted(name: string, site: Site, token: string, sites: readonly Site[] = all): SitesVector {
  return { name: `sites: ${name}`, why: chooses, sites, now, token, code: null, acceptedIssuer: site.issuer };
}

function refused(
  code: RefusalCode,
  name: string,
  token: string,
  why: string = chooses,
  sites: readonly Site[] = all,
): SitesVector {
  return { name: `sites: ${name}`, why, sites, now, token, code };
}

export const sites: SitesVector[] = [
  accepted('one of three, the first', shop, tokenOf(shop)),
  accepted('one of three, the second', blog, tokenOf(blog)),
  accepted('one of three, the third', local, tokenOf(local)),
  accepted('in another order', shop, tokenOf(shop), [local, blog, shop]),
  accepted('one alone', shop, tokenOf(shop), [shop]),
  accepted('by the secondary key of its site', blog, tokenOf(blog, {}, secondSecret)),
  accepted('in the other context of its site', blog, tokenOf(blog, { deploy_context: 'deploy-preview' })),
  accepted('one audience for two of them', local, tokenOf(local, { scope: 'read' })),

  refused('token_issuer', 'signed by one, names another', tokenOf(blog, {}, shop.secret), ownKey),
  refused('token_issuer', 'signed by the other, names one', tokenOf(shop, {}, adminSecret), ownKey),
  refused('token_issuer', 'signed by the secondary key of another', tokenOf(shop, {}, secondSecret), ownKey),
  refused(
    'token_issuer',
    'names another, with the audience and the context of its own key',
    tokenOf(shop, { iss: blog.issuer }),
    ownKey,
  ),
  refused(
    'token_signature',
    "kid of its site, signed by another's key",
    tokenOf(blog, {}, shop.secret, keyId(adminSecret)),
    `${ownKey} RFC 8725 §3.3.`,
  ),
  refused(
    'token_signature',
    "kid of another's key, signed by that of its site",
    tokenOf(blog, {}, adminSecret, keyId(secret)),
    `${ownKey} RFC 8725 §3.3.`,
  ),
  refused('token_issuer', 'names none of them', tokenOf(shop, { iss: 'https://other.example' })),
  refused('token_issuer', 'names one with a slash', tokenOf(shop, { iss: `${issuer}/` })),
  refused('token_issuer', 'names two in one string', tokenOf(shop, { iss: `${issuer} ${blog.issuer}` })),
  refused('token_issuer', 'an issuer called __proto__', tokenOf(shop, { iss: '__proto__' })),
  refused('token_issuer', 'an issuer called constructor', tokenOf(shop, { iss: 'constructor' })),
  refused('token_claims', 'a list of issuers', tokenOf(shop, { iss: [issuer, blog.issuer] })),
  refused('token_claims', 'no issuer', tokenOf(shop, { iss: undefined })),
  refused('token_key', 'the key of none of them, names one', tokenOf(shop, {}, `${secret}-other`)),
  refused('token_key', 'of a site that is not among them', tokenOf(local), chooses, [shop, blog]),
  refused('token_audience', 'the audience of another site', tokenOf(shop, { aud: blog.audience }), ownKey),
  refused('token_audience', 'the audience of the first site', tokenOf(blog, { aud: shop.audience }), ownKey),
  refused(
    'token_deploy_context',
    'a context that another site accepts',
    tokenOf(shop, { deploy_context: 'dev' }),
  ),
  refused(
    'token_deploy_context',
    'a preview of a site that accepts none, beside one that does',
    tokenOf(shop, { deploy_context: 'deploy-preview' }),
  ),
  refused(
    'token_deploy_context',
    'production of a site of which dev alone is accepted',
    tokenOf(local, { deploy_context: 'production' }),
  ),
  refused(
    'token_expired',
    'one that has expired',
    tokenOf(blog, { iat: now - 400, exp: now - 100, auth_time: now - 400 }),
  ),
];
